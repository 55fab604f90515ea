// What all views of the page use: elements, requests, tables, dialogs.

export const root = document.body.dataset.root;
/** Who is logged in, as /me tells. */
export const session = { me: null };

/** Makes an element. Properties that begin with "on" are listeners, others attributes; null and false are left out. */
export function h(tag, properties, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value') element.value = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  return put(element, ...children);
}

/** Appends children: elements, texts, lists of them; what is absent is left out. */
export function put(element, ...children) {
  element.append(...children.flat(9).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** An answer that is not 200. */
export class Refused extends Error {
  constructor(status, text) {
    super(text || `The server answered with status ${status}.`);
    this.status = status;
  }
}

export async function ask(method, path, body) {
  const options = { method, credentials: 'same-origin', headers: {} };
  if (body instanceof FormData) {
    options.body = body;
  } else if (body !== undefined) {
    options.headers['content-type'] = 'application/json';
    options.body = JSON.stringify(body);
  }
  const answer = await fetch(root + path, options);
  const text = await answer.text();
  if (answer.status === 404 && path !== '/me' && (await fetch(`${root}/me`)).status === 404) {
    location.reload(); // The session is over: the same address is the login page now.
  }
  if (!answer.ok) throw new Refused(answer.status, text);
  const isJson = (answer.headers.get('content-type') || '').startsWith('application/json');
  let value = text;
  if (isJson) try { value = JSON.parse(text); } catch { /* A path of a file is no JSON. */ }
  return { value, total: Number(answer.headers.get('x-total-count')) };
}

export const get = async path => (await ask('GET', path)).value;

export const number = value => (value ?? 0).toLocaleString('en');
export const when = ms => ms > 0 ? new Date(ms).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }) : 'never';
export function size(bytes) {
  for (const unit of ['bytes', 'KiB', 'MiB']) {
    if (bytes < 1024) return `${Number(bytes.toFixed(unit === 'bytes' ? 0 : 1)).toLocaleString('en')} ${unit}`;
    bytes /= 1024;
  }
  return `${bytes.toFixed(1)} GiB`;
}

let toastTimer;
export function toast(text) {
  document.querySelector('#toast')?.remove();
  clearTimeout(toastTimer);
  document.body.append(h('div', { id: 'toast', role: 'status' }, text));
  toastTimer = setTimeout(() => document.querySelector('#toast')?.remove(), 4000);
}

/** Runs what a button does, with the button off meanwhile; shows why it failed. */
export async function attempt(button, action, problem) {
  if (problem) problem.textContent = '';
  if (button) button.disabled = true;
  try {
    return await action();
  } catch (error) {
    if (problem) problem.textContent = error.message;
    else toast(error.message);
    return undefined;
  } finally {
    if (button) button.disabled = false;
  }
}

/** A dialog with a form. `fill` gets the form's data and does the work; an error keeps the dialog open. */
export function dialog(title, content, action, fill, { bad = false, forced = false } = {}) {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const go = h('button', { class: bad ? 'bad' : 'main' }, action);
  const form = h('form', { method: 'dialog' }, h('h1', null, title), content, problem,
    h('div', { class: 'tools' }, !forced && h('button', { type: 'button', onclick: () => box.close() }, 'Cancel'), go));
  const box = h('dialog', { onclose: () => box.remove(), oncancel: event => forced && event.preventDefault() }, form);
  form.addEventListener('submit', event => {
    event.preventDefault();
    attempt(go, async () => {
      await fill(Object.fromEntries(new FormData(form)));
      box.close();
    }, problem);
  });
  document.body.append(box);
  box.showModal();
}

export function download(name, rows) {
  const cell = value => /[",\n;]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  // A first character that spreadsheets take for a formula is made harmless.
  const safe = value => cell(String(value ?? '').replace(/^[=+\-@]/, "'$&"));
  const text = rows.map(row => row.map(safe).join(',')).join('\n');
  const link = h('a', { download: name, href: URL.createObjectURL(new Blob([text], { type: 'text/csv' })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** A table that sorts itself, or has `onsort` do it; `onorder` is told how it is sorted. Columns: {key, title, number, show(row)}. */
export function table(columns, rows, { sort, down = true, per = 50, onsort, onorder } = {}) {
  let page = 0;
  const body = h('tbody');
  const pager = h('div', { class: 'pager' });
  const heads = columns.map(column => h('th', { class: column.number && 'number' },
    column.title && (column.key ? h('button', { type: 'button', onclick: () => by(column.key) }, column.title) : column.title)));
  function by(key) {
    down = sort === key ? !down : Boolean(columns.find(c => c.key === key)?.number);
    sort = key;
    page = 0;
    if (onsort) return onsort(sort, down);
    onorder?.(sort, down);
    return draw();
  }
  function draw() {
    columns.forEach((column, i) => heads[i].querySelector('button')?.setAttribute('aria-sort',
      column.key === sort ? (down ? 'down' : 'up') : 'none'));
    if (!onsort && sort) {
      const order = (a, b) => typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(a ?? '', b ?? '');
      rows.sort((a, b) => order(a[sort], b[sort]) * (down ? -1 : 1));
    }
    const shown = onsort ? rows : rows.slice(page * per, (page + 1) * per);
    body.replaceChildren(...shown.map(row => h('tr', null, columns.map(column =>
      h('td', { class: column.class || (column.number && 'number') },
        column.show ? column.show(row) : column.number ? number(row[column.key]) : row[column.key] ?? '')))));
    if (!shown.length) body.append(h('tr', null, h('td', { colspan: columns.length, class: 'soft' }, 'Nothing here.')));
    if (onsort || rows.length <= per) pager.replaceChildren();
    else pager.replaceChildren(...pages(page, Math.ceil(rows.length / per), to => { page = to; draw(); }));
  }
  draw();
  return h('div', null, h('div', { class: 'scroll' }, h('table', { class: columns.length < 5 && 'narrow' }, h('thead', null, h('tr', null, heads)), body)), pager);
}

export function pages(page, count, go) {
  return [h('button', { type: 'button', disabled: page <= 0, onclick: () => go(page - 1) }, 'Back'),
    h('span', null, `${Math.min(page + 1, Math.max(count, 1))} of ${Math.max(count, 1)}`),
    h('button', { type: 'button', disabled: page + 1 >= count, onclick: () => go(page + 1) }, 'Next')];
}
