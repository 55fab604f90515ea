// Lists of numbers: statistics, and what devices told about themselves.

import { download, get, h, number, put, size, table } from './base.js';

const COUNTS = [{ key: 'name', title: 'Name' }, { key: 'count', title: 'Count', number: true }];
const STATS = {
  realtime: ['Realtime', []],
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
  ips: ['IPs', [{ key: 'id', title: 'Id', number: true }, { key: 'name', title: 'Account' }, { key: 'ip', title: 'Address' },
    { key: 'type', title: 'Kind' }], 'id'],
};
const HARDWARE = {
  blynkVersion: ['Library versions', COUNTS], cpuType: ['CPU types', COUNTS], boards: ['Boards', COUNTS],
  connectionType: ['Connection types', COUNTS],
};

/** All figures of the statistics record, live. */
async function realtime(view) {
  const holder = h('div');
  let text = '';
  const search = h('input', { type: 'search', placeholder: 'Search', 'aria-label': 'Search',
    oninput: () => { text = search.value.trim().toLowerCase(); draw(); } });
  let rows = [];
  const kept = { sort: 'group', down: false };
  function draw() {
    const shown = rows.filter(row => !text || row.name.toLowerCase().includes(text));
    holder.replaceChildren(table([{ key: 'group', title: 'Group' }, { key: 'name', title: 'Name' },
      { key: 'count', title: 'Now', number: true }], shown, { ...kept, per: 1000, onorder: (sort, down) => Object.assign(kept, { sort, down }) }));
  }
  async function refresh() {
    const [now] = await get('/stats/realtime');
    const figures = (group, object) => Object.entries(object).flatMap(([name, value]) =>
      typeof value === 'object' ? figures(name, value) : [{ group, name, count: value }]);
    rows = figures('server', now);
    draw();
  }
  const csv = h('button', { type: 'button', class: 'push', onclick: () => download('realtime.csv',
    [['group', 'name', 'count'], ...rows.map(row => [row.group, row.name, row.count])]) }, 'CSV');
  put(view, h('div', { class: 'tools' }, search, csv), holder);
  await refresh();
  view.poll = { action: refresh, period: 3000 };
}

function lists(all, folder, hash) {
  return async (view, name) => {
    const key = name in all ? name : Object.keys(all)[0];
    const [title, columns, sort = 'count'] = all[key];
    put(view, h('nav', { class: 'sub', 'aria-label': 'Lists' }, Object.entries(all).map(([other, [label]]) =>
      h('a', { href: `#${hash}/${other}`, 'aria-current': other === key && 'page' }, label))), h('h1', null, title));
    if (key === 'realtime') return realtime(view);
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
      { sort, down: sort !== 'id', per: key === 'filledSpace' ? 100 : 50 }));
    const search = h('input', { type: 'search', placeholder: 'Search', 'aria-label': 'Search',
      oninput: () => draw(search.value.trim().toLowerCase()) });
    const csv = h('button', { type: 'button', class: 'push', onclick: () => download(`${key}.csv`,
      [columns.map(c => c.key), ...rows.map(row => columns.map(c => row[c.key]))]) }, 'CSV');
    put(view, h('div', { class: 'tools' }, search, csv), holder);
    draw('');
    return undefined;
  };
}

export const statsView = lists(STATS, 'stats', 'stats');
export const hardwareView = lists(HARDWARE, 'hardwareInfo', 'hardware');
