// The list of accounts: search, sort, pages, CSV, new ones, deleting one or several.

import { ask, attempt, dialog, download, h, number, pages, put, table, toast, when } from './base.js';

const PER_PAGE = 30;
/** Kept while other views are shown. */
const asked = { page: 0, sort: 'lastModifiedTs', down: true, text: '' };

const query = (page, per) => `/users?${new URLSearchParams({ _brief: 'true', _page: page + 1, _perPage: per,
  _sortField: asked.sort, _sortDir: asked.down ? 'DESC' : 'ASC', _filters: JSON.stringify({ name: asked.text }) })}`;

export async function usersView(view) {
  const list = h('div');
  const chosen = new Set();
  let timer;
  let latest = 0;
  const search = h('input', { type: 'search', placeholder: 'Search e-mail', 'aria-label': 'Search e-mail', value: asked.text,
    oninput: () => {
      clearTimeout(timer);
      timer = setTimeout(() => { asked.text = search.value.trim(); asked.page = 0; attempt(null, draw); }, 250);
    } });
  const csv = h('button', { type: 'button', onclick: () => attempt(csv, async () => {
    const keys = ['email', 'appName', 'name', 'projects', 'devices', 'energy', 'lastModifiedTs', 'lastLoggedAt', 'lastLoggedIP'];
    const rows = [];
    for (let page = 0, total = 1; rows.length < total; page++) {
      const answer = await ask('GET', query(page, 1000));
      total = answer.value.length ? answer.total : 0;
      rows.push(...answer.value);
    }
    download('users.csv', [keys, ...rows.map(row => keys.map(key => row[key]))]);
  }) }, 'CSV');
  const remove = h('button', { type: 'button', class: 'bad', onclick: () => deleteUsers([...chosen], async () => {
    chosen.clear();
    await draw();
  }) });
  put(view, h('h1', null, 'Users'), h('div', { class: 'tools' }, search, remove,
    h('button', { type: 'button', class: 'main push', onclick: newUser }, 'New user'), csv), list);

  function choose(ids, on) {
    for (const id of ids) chosen[on ? 'add' : 'delete'](id);
    remove.hidden = !chosen.size;
    remove.textContent = `Delete ${number(chosen.size)}`;
  }
  async function draw() {
    const mine = ++latest;
    const { value: rows, total } = await ask('GET', query(asked.page, PER_PAGE));
    if (mine !== latest) return undefined; // Somebody has asked for something else meanwhile.
    if (!rows.length && asked.page > 0) {
      asked.page = 0;
      return draw();
    }
    const boxes = [];
    const all = h('input', { type: 'checkbox', 'aria-label': 'All of this page', onchange: () => {
      boxes.forEach(box => { box.checked = all.checked; });
      choose(rows.map(row => row.id), all.checked);
    } });
    const box = row => {
      boxes.push(h('input', { type: 'checkbox', 'aria-label': `Choose ${row.email}`, checked: chosen.has(row.id),
        onchange: event => choose([row.id], event.target.checked) }));
      return boxes.at(-1);
    };
    const columns = [
      { title: all, show: box },
      { key: 'email', title: 'E-mail', show: row => h('a', { href: `#user/${encodeURIComponent(row.id)}` }, row.email) },
      { key: 'appName', title: 'App' },
      { key: 'projects', title: 'Projects', number: true },
      { title: 'Devices', number: true, show: row => number(row.devices) },
      { title: 'Online', show: row => [h('span', { class: `dot${row.onlineApps || row.onlineDevices ? ' on' : ''}` }),
        `${row.onlineApps} apps, ${row.onlineDevices} devices`] },
      { key: 'lastModifiedTs', title: 'Last modified', number: true, show: row => when(row.lastModifiedTs) },
      { key: 'isSuperAdmin', title: 'Role', show: row => row.isSuperAdmin ? 'administrator' : '' },
      { title: '', show: row => h('button', { type: 'button', class: 'bad small', 'aria-label': `Delete ${row.email}`,
        onclick: () => deleteUsers([row.id], draw) }, 'Delete') },
    ];
    const sorted = (sort, down) => { Object.assign(asked, { sort, down, page: 0 }); attempt(null, draw); };
    list.replaceChildren(table(columns, rows, { sort: asked.sort, down: asked.down, onsort: sorted }),
      h('div', { class: 'pager' }, h('span', null, total === 1 ? '1 account' : `${number(total)} accounts`),
        pages(asked.page, Math.ceil(total / PER_PAGE), to => { asked.page = to; attempt(null, draw); })));
    choose([], false);
    return undefined;
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

/** Asks, deletes one after the other, and says which could not be. */
export function deleteUsers(ids, then) {
  const named = ids.slice(0, 8).map(id => h('li', null, id));
  dialog(ids.length === 1 ? 'Delete this user?' : `Delete ${ids.length} users?`, [h('ul', null, named,
    ids.length > named.length && h('li', null, `and ${ids.length - named.length} more`)),
  h('p', null, 'Projects, history and tokens are lost at once. The files of the accounts are kept in the folder “deleted”.')],
  'Delete', async () => {
    const failed = [];
    for (const id of ids) {
      try {
        await ask('DELETE', `/users/${encodeURIComponent(id)}`);
      } catch (error) {
        failed.push(`${id}: ${error.message}`);
      }
    }
    if (failed.length) {
      if (failed.length < ids.length) await then();
      throw new Error(failed.join('\n'));
    }
    toast(ids.length === 1 ? `${ids[0]} was deleted.` : `${ids.length} users were deleted.`);
    await then();
  }, { bad: true });
}
