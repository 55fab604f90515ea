// The administrators' page: one file, no libraries. Views are functions that fill <main>; the part after # says which one.
'use strict';

const root = document.body.dataset.root;
const POLL_MS = 3000;
const SAMPLES = 100;
const PER_PAGE = 30;

// -- small helpers ----------------------------------------------------------------------------------------------------

/** Makes an element. Properties that begin with "on" are listeners, others attributes; null and false are left out. */
function h(tag, properties, ...children) {
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
function put(element, ...children) {
  element.append(...children.flat(9).filter(child => child !== null && child !== undefined && child !== false));
  return element;
}

/** An answer that is not 200. */
class Refused extends Error {
  constructor(status, text) {
    super(text || `The server answered with status ${status}.`);
    this.status = status;
  }
}

async function ask(method, path, body) {
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

const get = async path => (await ask('GET', path)).value;

async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

async function passwordHash(email, password) {
  const utf8 = new TextEncoder();
  const salt = await sha256(utf8.encode(email.toLowerCase()));
  const clear = utf8.encode(password);
  const both = new Uint8Array(clear.length + salt.length);
  both.set(clear);
  both.set(salt, clear.length);
  return btoa(String.fromCharCode(...await sha256(both)));
}

const number = value => (value ?? 0).toLocaleString('en');
const when = ms => ms > 0 ? new Date(ms).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }) : 'never';
function size(bytes) {
  for (const unit of ['bytes', 'KiB', 'MiB']) {
    if (bytes < 1024) return `${Number(bytes.toFixed(unit === 'bytes' ? 0 : 1)).toLocaleString('en')} ${unit}`;
    bytes /= 1024;
  }
  return `${bytes.toFixed(1)} GiB`;
}

let toastTimer;
function toast(text) {
  document.querySelector('#toast')?.remove();
  clearTimeout(toastTimer);
  document.body.append(h('div', { id: 'toast', role: 'status' }, text));
  toastTimer = setTimeout(() => document.querySelector('#toast')?.remove(), 4000);
}

/** Runs what a button does, with the button off meanwhile; shows why it failed. */
async function attempt(button, action, problem) {
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
function dialog(title, content, action, fill, { bad = false, forced = false } = {}) {
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

function download(name, rows) {
  const cell = value => /[",\n;]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  // A first character that spreadsheets take for a formula is made harmless.
  const safe = value => cell(String(value ?? '').replace(/^[=+\-@]/, "'$&"));
  const text = rows.map(row => row.map(safe).join(',')).join('\n');
  const link = h('a', { download: name, href: URL.createObjectURL(new Blob([text], { type: 'text/csv' })) });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** A table that sorts itself. Columns: {key, title, number, show(row)}. */
function table(columns, rows, { sort, down = true, per = 50, onsort } = {}) {
  let page = 0;
  const body = h('tbody');
  const pager = h('div', { class: 'pager' });
  const heads = columns.map(column => h('th', { class: column.number && 'number' },
    column.title && (column.key ? h('button', { type: 'button', onclick: () => by(column.key) }, column.title) : column.title)));
  function by(key) {
    down = sort === key ? !down : Boolean(columns.find(c => c.key === key)?.number);
    sort = key;
    page = 0;
    if (onsort) onsort(sort, down);
    else draw();
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
    pager.replaceChildren(...pages(page, Math.ceil(rows.length / per), to => { page = to; draw(); }));
    pager.hidden = Boolean(onsort) || rows.length <= per;
  }
  draw();
  return h('div', null, h('div', { class: 'scroll' }, h('table', null, h('thead', null, h('tr', null, heads)), body)), pager);
}

function pages(page, count, go) {
  return [h('button', { type: 'button', disabled: page <= 0, onclick: () => go(page - 1) }, 'Back'),
    h('span', null, `${Math.min(page + 1, Math.max(count, 1))} of ${Math.max(count, 1)}`),
    h('button', { type: 'button', disabled: page + 1 >= count, onclick: () => go(page + 1) }, 'Next')];
}

function spark(values) {
  const SVG = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('viewBox', `0 0 ${SAMPLES - 1} 40`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const top = Math.max(...values, 1) * 1.1;
  const start = SAMPLES - values.length;
  const points = values.map((value, i) => `${start + i},${(39 - value / top * 38).toFixed(2)}`).join(' ');
  for (const [tag, text] of [['polygon', `${start},40 ${points} ${SAMPLES - 1},40`], ['polyline', points]]) {
    const shape = document.createElementNS(SVG, tag);
    shape.setAttribute('points', text);
    svg.append(shape);
  }
  return svg;
}

// -- overview ---------------------------------------------------------------------------------------------------------

const FIGURES = [
  ['oneMinRate', 'messages per second'], ['totalOnlineHards', 'device connections'], ['totalOnlineApps', 'app connections'],
  ['connected', 'users with app and device'], ['registrations', 'accounts'], ['active', 'active today'],
  ['activeWeek', 'active this week'], ['activeMonth', 'active this month'],
];
const CHARTS = [
  ['Messages per second', now => now.oneMinRate, number], ['Devices online', now => now.totalOnlineHards, number],
  ['Apps online', now => now.totalOnlineApps, number], ['Memory', now => now.memoryStat.heapBytes, size],
];
const samples = [];

async function sample() {
  const [now] = await get('/stats/realtime');
  samples.push(now);
  if (samples.length > SAMPLES) samples.shift();
  return now;
}

async function overview(view) {
  const cards = h('div', { class: 'cards' });
  const charts = h('div', { class: 'charts' });
  const work = h('div', { class: 'cards' });
  put(view, me.warnings.map(text => h('p', { class: 'note' }, text)), h('h1', null, 'Overview'), cards, charts,
    h('h2', null, 'Work in the background'), work, h('p', { class: 'soft' }, `Version ${me.version}, host ${me.host}`));
  const card = (label, value) => h('div', { class: 'card' }, h('div', { class: 'label' }, label), h('div', { class: 'value' }, value));
  async function refresh() {
    const now = await sample();
    cards.replaceChildren(...FIGURES.map(([key, label]) => card(label, number(now[key]))));
    charts.replaceChildren(...CHARTS.map(([title, value, show]) => h('div', { class: 'card' },
      h('div', { class: 'label' }, title), h('div', { class: 'value' }, show(value(now))), spark(samples.map(value)))));
    const io = now.ioStat;
    work.replaceChildren(card('mails, pushes, webhooks waiting', number(io.messagingActiveTasks)),
      card('history jobs waiting', number(io.historyActiveTasks)), card('saves waiting', number(io.reportingActiveTasks)),
      card('active reports', number(io.reportsActive)), card('bytes waiting for peers', size(now.memoryStat.directBytes)),
      card('HTTP requests this minute', number(now.http.total)));
  }
  await refresh();
  poll(view, refresh);
}

// -- users ------------------------------------------------------------------------------------------------------------

const users = { page: 0, sort: 'lastModifiedTs', down: true, text: '' };

const usersQuery = per => `/users?${new URLSearchParams({ _brief: 'true', _page: users.page + 1, _perPage: per,
  _sortField: users.sort, _sortDir: users.down ? 'DESC' : 'ASC', _filters: JSON.stringify({ name: users.text }) })}`;

async function usersView(view) {
  const list = h('div');
  let timer;
  const search = h('input', { type: 'search', placeholder: 'Search e-mail', 'aria-label': 'Search e-mail', value: users.text,
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(() => { users.text = search.value.trim(); users.page = 0; attempt(null, draw); }, 250);
    } });
  const csv = h('button', { type: 'button', onclick: () => attempt(csv, async () => {
    const kept = users.page;
    users.page = 0;
    const rows = (await ask('GET', usersQuery(1000))).value;
    users.page = kept;
    const keys = ['email', 'appName', 'name', 'projects', 'devices', 'energy', 'lastModifiedTs', 'lastLoggedAt', 'lastLoggedIP'];
    download('users.csv', [keys, ...rows.map(row => keys.map(key => row[key]))]);
  }) }, 'CSV');
  put(view, h('h1', null, 'Users'), h('div', { class: 'tools' }, search,
    h('button', { type: 'button', class: 'main push', onclick: newUser }, 'New user'), csv), list);
  async function draw() {
    const { value: rows, total } = await ask('GET', usersQuery(PER_PAGE));
    const columns = [
      { key: 'email', title: 'E-mail', show: row => h('a', { href: `#user/${encodeURIComponent(row.id)}` }, row.email) },
      { key: 'appName', title: 'App' },
      { key: 'projects', title: 'Projects', number: true },
      { title: 'Devices', number: true, show: row => number(row.devices) },
      { title: 'Online', show: row => [h('span', { class: `dot${row.onlineApps || row.onlineDevices ? ' on' : ''}` }),
        `${row.onlineApps} apps, ${row.onlineDevices} devices`] },
      { key: 'lastModifiedTs', title: 'Last modified', number: true, show: row => when(row.lastModifiedTs) },
      { key: 'isSuperAdmin', title: 'Role', show: row => row.isSuperAdmin ? 'administrator' : '' },
      { title: '', show: row => h('button', { type: 'button', class: 'bad', 'aria-label': `Delete ${row.email}`,
        onclick: () => deleteUser(row.id, draw) }, 'Delete') },
    ];
    const sorted = (sort, down) => { Object.assign(users, { sort, down, page: 0 }); attempt(null, draw); };
    list.replaceChildren(table(columns, rows, { sort: users.sort, down: users.down, onsort: sorted }),
      h('div', { class: 'pager' }, h('span', null, `${number(total)} accounts`),
        pages(users.page, Math.ceil(total / PER_PAGE), to => { users.page = to; attempt(null, draw); })));
  }
  await draw();
}

function newUser() {
  dialog('New user', [
    h('label', null, 'E-mail', h('input', { name: 'email', type: 'email', required: true, autocomplete: 'off' })),
    h('label', null, 'Password', h('input', { name: 'pass', type: 'password', required: true, autocomplete: 'new-password' })),
    h('label', null, 'App name', h('input', { name: 'appName', value: 'Blynk', required: true })),
    h('label', { class: 'check' }, h('input', { name: 'isSuperAdmin', type: 'checkbox' }), 'Administrator'),
  ], 'Create', async data => {
    const { value } = await ask('POST', '/users', { ...data, isSuperAdmin: 'isSuperAdmin' in data });
    toast(`${value.email} was created.`);
    location.hash = `#user/${encodeURIComponent(value.id)}`;
  });
}

function deleteUser(id, then) {
  dialog('Delete user?', h('p', null, 'The account ', h('strong', null, id), ' loses its projects, history and tokens at once. ',
    'Its file is kept in the folder “deleted”.'), 'Delete', async () => {
    await ask('DELETE', `/users/${encodeURIComponent(id)}`);
    toast(`${id} was deleted.`);
    await then();
  }, { bad: true });
}

async function userView(view, id) {
  const path = `/users/${encodeURIComponent(id)}`;
  let user = await get(path);
  const problem = h('p', { class: 'problem', role: 'alert' });
  const profile = h('textarea', { spellcheck: 'false', 'aria-label': 'Profile as JSON', oninput: check });
  const state = h('span', { class: 'soft' });
  const save = h('button', { class: 'main' }, 'Save');
  const field = (label, name, options) => h('label', null, label, h('input', { name, ...options }));
  const form = h('form', { class: 'grid' });
  const projects = h('div');
  function fill() {
    form.replaceChildren(
      field('E-mail', 'email', { type: 'email', required: true, value: user.email }),
      field('Name', 'name', { value: user.name ?? '' }),
      field('New password (empty: no change)', 'pass', { type: 'password', autocomplete: 'new-password' }),
      field('Energy', 'energy', { type: 'number', required: true, step: 1, min: 0, max: 2147483647, value: user.energy }),
      h('label', { class: 'check' }, h('input', { name: 'isSuperAdmin', type: 'checkbox', checked: user.isSuperAdmin }), 'Administrator'));
    profile.value = JSON.stringify(user.profile, null, 2);
    projects.replaceChildren(...(user.profile.dashBoards ?? []).map(project));
    check();
  }
  const project = dash => h('div', { class: 'card wide' },
    h('strong', null, dash.name || `Project ${dash.id}`), ' ',
    h('span', { class: 'soft' }, `id ${dash.id}, ${dash.widgets?.length ?? 0} widgets, ${dash.isActive ? 'active' : 'stopped'}, made ${when(dash.createdAt)}`),
    dash.devices?.length ? table([
      { title: 'Device', show: d => [h('span', { class: `dot${d.status === 'ONLINE' ? ' on' : ''}` }), `${d.name ?? ''} (${d.id})`] },
      { title: 'Board', show: d => d.boardType ?? '' },
      { title: 'Token', show: d => h('code', null, d.token ?? '') },
      { title: 'Last address', show: d => d.lastLoggedIP ?? '' },
      { title: '', show: d => h('button', { type: 'button', onclick: () => newToken(dash, d) }, 'Set token') },
    ], dash.devices) : h('p', { class: 'soft' }, 'No devices.'));
  function newToken(dash, device) {
    dialog('Set token', h('label', null, `New token of ${device.name ?? device.id}`, h('input', { name: 'new', required: true,
      pattern: '[A-Za-z0-9._~\\-]{1,100}', value: device.token ?? '' })), 'Set', async data => {
      await ask('POST', `/users/token/force?${new URLSearchParams({ email: user.email, app: user.appName, dashId: dash.id,
        deviceId: device.id, new: data.new })}`);
      user = await get(path);
      fill();
      toast('The old token is invalid now.');
    });
  }
  /** Says whether the text is JSON of the right kind; returns it or null. */
  function check() {
    try {
      const value = JSON.parse(profile.value);
      if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error('an object is expected');
      if (value.dashBoards !== undefined && !Array.isArray(value.dashBoards)) throw new Error('dashBoards must be a list');
      state.textContent = `${number(profile.value.length)} characters, valid`;
      state.className = 'soft';
      save.disabled = false;
      return value;
    } catch (error) {
      state.textContent = `Not valid: ${error.message}`;
      state.className = 'problem';
      save.disabled = true;
      return null;
    }
  }
  save.addEventListener('click', () => attempt(save, async () => {
    const value = check();
    if (!value || !form.reportValidity()) return;
    const data = Object.fromEntries(new FormData(form));
    const changed = { ...user, email: data.email, name: data.name, energy: Number(data.energy),
      isSuperAdmin: 'isSuperAdmin' in data, profile: value };
    if (data.pass) changed.pass = data.pass;
    user = (await ask('PUT', path, changed)).value;
    toast('Saved. Apps and devices of the account connect anew.');
    if (user.id !== id) location.hash = `#user/${encodeURIComponent(user.id)}`;
    else fill();
  }, problem));
  put(view, h('p', null, h('a', { href: '#users' }, '← Users')), h('h1', null, user.email),
    h('p', { class: 'soft' }, `App ${user.appName}, region ${user.region || '–'}, last address ${user.lastLoggedIP || '–'}, `
      + `last login ${when(user.lastLoggedAt)}, modified ${when(user.lastModifiedTs)}`),
    h('div', { class: 'card wide' }, form), h('h2', null, 'Projects'), projects,
    h('h2', null, 'Profile'), h('p', null, state), profile, problem,
    h('div', { class: 'tools' }, save, h('button', { type: 'button', class: 'bad push',
      onclick: () => deleteUser(user.id, () => { location.hash = '#users'; }) }, 'Delete user')));
  fill();
}

// -- lists of numbers -------------------------------------------------------------------------------------------------

const COUNTS = [{ key: 'name', title: 'Name' }, { key: 'count', title: 'Count', number: true }];
const STATS = {
  requestsPerUser: ['Requests per user', [{ key: 'name', title: 'E-mail' }, { key: 'appRate', title: 'App requests/s', number: true },
    { key: 'hardRate', title: 'Device requests/s', number: true }], 'hardRate'],
  messages: ['Messages', COUNTS],
  boards: ['Board types', COUNTS],
  facebookLogins: ['Login types', COUNTS],
  widgets: ['Widgets', COUNTS],
  projectsPerUser: ['Projects per user', [{ key: 'name', title: 'Projects', number: true, show: row => row.name },
    { key: 'count', title: 'Users', number: true }]],
  filledSpace: ['Cells per project', [{ key: 'name', title: 'Cells', number: true, show: row => row.name },
    { key: 'count', title: 'Projects', number: true }]],
  userProfileSize: ['Size of profiles', [{ key: 'name', title: 'File' },
    { key: 'count', title: 'Size', number: true, show: row => size(row.count) }]],
  webHookHosts: ['Webhook hosts', COUNTS],
  ips: ['IPs', [{ key: 'name', title: 'Account' }, { key: 'ip', title: 'Address' }, { key: 'type', title: 'Kind' }], 'name'],
};
const HARDWARE = {
  blynkVersion: ['Library versions', COUNTS], cpuType: ['CPU types', COUNTS], boards: ['Boards', COUNTS],
  connectionType: ['Connection types', COUNTS],
};

function lists(all, folder, hash) {
  return async (view, name) => {
    const key = name in all ? name : Object.keys(all)[0];
    const [title, columns, sort = 'count'] = all[key];
    const rows = await get(`/${folder}/${key}?_sortField=${sort}&_sortDir=DESC&_page=1&_perPage=1000`);
    const most = Math.max(1, ...rows.map(row => row.count ?? 0));
    const withBar = !columns.some(column => column.key === 'count') ? columns : [...columns, { title: '', class: 'stretch', show: row => {
      const bar = h('span', { class: 'bar' });
      bar.style.width = `${100 * row.count / most}%`;
      return bar;
    } }];
    const holder = h('div');
    const draw = text => holder.replaceChildren(table(withBar,
      rows.filter(row => !text || Object.values(row).some(value => String(value).toLowerCase().includes(text))),
      { sort, down: sort !== 'name', per: 50 }));
    const search = h('input', { type: 'search', placeholder: 'Search', 'aria-label': 'Search',
      oninput: () => draw(search.value.trim().toLowerCase()) });
    const csv = h('button', { type: 'button', class: 'push', onclick: () => download(`${key}.csv`,
      [columns.map(c => c.key), ...rows.map(row => columns.map(c => row[c.key]))]) }, 'CSV');
    put(view, h('nav', { class: 'sub', 'aria-label': 'Lists' }, Object.entries(all).map(([other, [label]]) =>
      h('a', { href: `#${hash}/${other}`, 'aria-current': other === key && 'page' }, label))),
    h('h1', null, title), h('div', { class: 'tools' }, search, csv), holder);
    draw('');
  };
}

// -- configuration ----------------------------------------------------------------------------------------------------

const EDITABLE = ['server.properties', 'single_token_mail_body.txt'];

async function configView(view, name = 'server.properties') {
  const names = await get('/config?_sortField=name&_sortDir=ASC');
  const { body = '' } = await get(`/config/${encodeURIComponent(name)}`);
  const editable = EDITABLE.includes(name);
  const problem = h('p', { class: 'problem', role: 'alert' });
  const text = h('textarea', { spellcheck: 'false', 'aria-label': name, readonly: !editable, value: body });
  const save = h('button', { class: 'main', onclick: () => attempt(save, async () => {
    const { value } = await ask('PUT', `/config/${encodeURIComponent(name)}`, { name, body: text.value });
    const told = value.changed.length ? `In effect until the next start: ${value.changed.join(', ')}.` : 'Nothing changed.';
    problem.textContent = value.ignored.length
      ? `These need the configuration file and a restart: ${value.ignored.join(', ')}` : '';
    toast(told);
  }, problem) }, 'Apply');
  put(view, h('nav', { class: 'sub', 'aria-label': 'Files' }, names.map(file =>
    h('a', { href: `#config/${file.name}`, 'aria-current': file.name === name && 'page' }, file.name))),
  h('h1', null, name),
  h('p', { class: 'soft' }, editable
    ? 'The values in effect. Changes last until the next start; the file on the disk is not changed. Secrets are shown as *** and stay.'
    : 'The values in effect, to be changed in the file. Secrets are shown as ***.'),
  text, problem, editable && h('div', { class: 'tools' }, save));
}

// -- firmware ---------------------------------------------------------------------------------------------------------

async function otaView(view) {
  const problem = h('p', { class: 'problem', role: 'alert' });
  const progress = h('progress', { max: 1, value: 0, hidden: true });
  const holder = h('div');
  const file = h('input', { type: 'file', required: true });
  const token = h('select', { name: 'token' });
  const scope = h('select', { onchange: show }, [['token', 'One device, now'], ['user', 'All devices of a user'],
    ['all', 'All devices of the server']].map(([value, label]) => h('option', { value }, label)));
  const email = h('input', { type: 'email' });
  const app = h('input', { value: 'Blynk' });
  const projectName = h('input', { placeholder: 'any' });
  const parts = { token: [h('label', null, 'Device (online)', token)], all: [],
    user: [h('label', null, 'E-mail', email), h('label', null, 'App name', app), h('label', null, 'Project', projectName)] };
  const go = h('button', { class: 'main' }, 'Upload');
  const form = h('form', { class: 'grid', onsubmit: event => { event.preventDefault(); attempt(go, send, problem); } },
    h('label', null, 'Firmware file', file), h('label', null, 'For', scope), ...Object.values(parts).flat(), go);
  function show() {
    for (const [name, labels] of Object.entries(parts)) labels.forEach(label => { label.hidden = name !== scope.value; });
    email.required = scope.value === 'user';
    token.required = scope.value === 'token';
  }
  async function send() {
    const query = scope.value === 'token' ? { token: token.value }
      : scope.value === 'user' ? { user: email.value, appName: app.value, project: projectName.value } : {};
    const data = new FormData();
    data.append('upfile', file.files[0]);
    progress.hidden = false;
    try {
      const path = await upload(`${root}/ota/start?${new URLSearchParams(query)}`, data, done => { progress.value = done; });
      toast(`${path} was uploaded.`);
    } finally {
      progress.hidden = true;
    }
    await draw();
  }
  async function draw() {
    const state = await get('/ota');
    const chosen = token.value;
    token.replaceChildren(...state.devices.filter(d => d.online && d.token).map(d =>
      h('option', { value: d.token }, `${d.user}: ${d.project ?? ''} / ${d.name ?? d.deviceId}`)));
    if ([...token.options].some(option => option.value === chosen)) token.value = chosen;
    const stop = h('button', { class: 'bad', disabled: !state.jobs.length, onclick: () => dialog('Stop all?',
      h('p', null, 'Devices that were told already go on.'), 'Stop', async () => { await ask('POST', '/ota/stop'); await draw(); },
      { bad: true }) }, 'Stop all');
    holder.replaceChildren(
      h('div', { class: 'tools' }, h('h2', null, 'Waiting for devices'), h('span', { class: 'push' }, stop)),
      table([{ title: 'File', show: j => j.path.split('/').pop() }, { title: 'Build', show: j => j.build },
        { title: 'For', show: j => j.user ? `${j.user}${j.project ? `, ${j.project}` : ''}` : 'all devices' },
        { title: 'By', show: j => j.by }, { title: 'Since', show: j => when(j.at) }], state.jobs),
      h('h2', null, 'Devices'),
      table([{ title: 'Device', show: d => [h('span', { class: `dot${d.online ? ' on' : ''}` }), d.name ?? d.deviceId] },
        { title: 'Project', show: d => d.project ?? '' }, { title: 'User', show: d => d.user },
        { title: 'Build', show: d => d.build ?? '' },
        { title: 'Told', show: d => d.otaUpdateAt ? `${when(d.otaUpdateAt)} by ${d.otaInitiatedBy}` : '' }], state.devices),
      h('h2', null, 'Files'),
      table([{ key: 'name', title: 'Name', show: f => h('a', { href: `/static/ota/${encodeURIComponent(f.name)}` }, f.name) },
        { key: 'size', title: 'Size', number: true, show: f => size(f.size) },
        { key: 'at', title: 'Uploaded', number: true, show: f => when(f.at) }], state.files, { sort: 'at' }));
  }
  put(view, h('h1', null, 'Firmware over the air'), h('div', { class: 'card wide' }, form, progress, problem,
    h('p', { class: 'soft' }, 'Jobs for a user or for all need a file with a build text; each device is told when it reports another build.')),
  holder);
  show();
  await draw();
  poll(view, () => document.activeElement === token ? undefined : draw(), 10000);
}

/** Uploads with progress, which fetch cannot tell. */
function upload(url, data, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', url);
    request.upload.onprogress = event => event.lengthComputable && tell(event.loaded / event.total);
    request.onload = () => request.status === 200 ? resolve(request.responseText)
      : reject(new Refused(request.status, request.responseText || (request.status === 413 ? 'The file is too large (ota.max.size).'
        : request.status === 500 ? 'The file has no build text, which jobs for many devices need.' : '')));
    request.onerror = () => reject(new Error('The connection broke off.'));
    request.send(data);
  });
}

// -- password ---------------------------------------------------------------------------------------------------------

function passwordDialog(forced) {
  const input = (label, name, autocomplete) => h('label', null, label,
    h('input', { name, type: 'password', required: true, autocomplete, minlength: name === 'old' ? null : 8 }));
  dialog(forced ? 'Please choose a new password' : 'Change password', [
    forced && h('p', null, 'This account still has a well-known password. Everybody can guess it.'),
    input('Present password', 'old', 'current-password'), input('New password (8 characters or more)', 'new', 'new-password'),
    input('New password again', 'again', 'new-password')], 'Change', async data => {
    if (data.new !== data.again) throw new Error('The new passwords differ.');
    await ask('POST', '/password', { old: await passwordHash(me.email, data.old), new: await passwordHash(me.email, data.new) });
    toast('The password is changed.');
    me = await get('/me');
    await route();
  }, { forced });
}

// -- frame ------------------------------------------------------------------------------------------------------------

const VIEWS = {
  overview: ['Overview', overview], users: ['Users', usersView], user: [null, userView],
  stats: ['Statistics', lists(STATS, 'stats', 'stats')], hardware: ['Hardware', lists(HARDWARE, 'hardwareInfo', 'hardware')],
  ota: ['Firmware', otaView], config: ['Configuration', configView],
};

let me;
let timer;
let shown = 0;

/** Calls `action` again and again while this view is shown and the page is visible. */
function poll(view, action, period = POLL_MS) {
  view.poll = () => setInterval(async () => {
    if (document.hidden || !view.isConnected) return;
    try { await action(); } catch (error) { if (view.isConnected) toast(error.message); }
  }, period);
}

async function route() {
  const [name, ...rest] = location.hash.slice(1).split('/');
  const key = name in VIEWS ? name : 'overview';
  const mine = ++shown;
  clearInterval(timer);
  document.querySelectorAll('header + nav a').forEach(link => {
    const current = link.hash === `#${key}` || (key === 'user' && link.hash === '#users');
    if (current) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  });
  const view = h('div');
  const main = document.querySelector('main');
  if (me.mustChangePassword) {
    main.replaceChildren(h('p', { class: 'note' }, 'Nothing else works on this page before the password is changed.'));
    if (!document.querySelector('dialog')) passwordDialog(true);
    return;
  }
  try {
    const argument = rest.length ? decodeURIComponent(rest.join('/')) : undefined;
    await VIEWS[key][1](view, argument);
  } catch (error) {
    view.replaceChildren(h('p', { class: 'problem', role: 'alert' }, error.message));
  }
  if (mine !== shown) return;
  main.replaceChildren(view);
  if (view.poll) timer = view.poll();
}

async function start() {
  me = await get('/me');
  document.title = `${me.product} Administration`;
  document.body.prepend(
    h('header', null, h('strong', null, `${me.product} Administration`), h('span', { class: 'who', title: me.email }, me.email),
      h('button', { type: 'button', onclick: () => passwordDialog(false) }, 'Password'),
      h('form', { method: 'post', action: `${root}/logout` }, h('button', null, 'Log out'))),
    h('nav', { 'aria-label': 'Pages' }, Object.entries(VIEWS).filter(([, [label]]) => label).map(([name, [label]]) =>
      h('a', { href: `#${name}` }, label))),
    h('main'));
  addEventListener('hashchange', route);
  await route();
}

start().catch(error => document.body.append(h('p', { class: 'problem' }, error.message)));
