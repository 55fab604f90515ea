// One account: its fields, its projects with widgets, devices and tags, and its profile as JSON. Everything is changed in a copy,
// which "Save" sends as a whole.

import { ask, attempt, dialog, get, h, number, put, session, table, toast, when } from './base.js';
import { deleteUsers } from './users.js';

const THEMES = ['Blynk', 'BlynkLight', 'SparkFun'];
const CONNECTIONS = ['ETHERNET', 'WI_FI', 'USB', 'BLUETOOTH', 'BLE', 'GSM'];
/** Ids of tags begin here, and end before those of device selectors. */
const FIRST_TAG = 100000;
const SWITCHES = [['isActive', 'Active'], ['isShared', 'Shared'], ['keepScreenOn', 'Keeps the screen on'],
  ['isAppConnectedOn', 'Tells devices of apps']];

export async function userView(view, id) {
  const path = `/users/${encodeURIComponent(id)}`;
  let user = await get(path);
  let changed; // The copy that is edited.
  let saved; // What it looked like.
  const problem = h('p', { class: 'problem', role: 'alert' });
  const state = h('span', { class: 'soft' });
  const save = h('button', { class: 'main' }, 'Save');
  const discard = h('button', { type: 'button', onclick: () => fill() }, 'Discard');
  // The fields above may have changed the copy since the text was written.
  const profile = h('textarea', { spellcheck: 'false', 'aria-label': 'Profile as JSON', oninput: readProfile,
    onfocus: () => profileState.className !== 'problem' && writeProfile() });
  const profileState = h('p', { class: 'soft' });
  const advanced = h('details', { ontoggle: () => advanced.open && writeProfile() }, h('summary', null, 'Profile as JSON'),
    profileState, profile);
  const fields = h('div', { class: 'grid' });
  const projects = h('div');
  const boards = h('datalist', { id: 'boards' }, session.me.boards.map(board => h('option', { value: board })));

  /** An input that changes one key of an object of the copy. */
  function input(object, key, options) {
    const had = key in object;
    const set = event => {
      object[key] = options.type === 'number' ? Number(event.target.value) : event.target.value;
      if (!had && event.target.value === '') delete object[key];
      noticed();
    };
    return h('input', { ...options, value: object[key] ?? '', oninput: set });
  }
  function check(object, key, label) {
    return h('label', { class: 'check' }, h('input', { type: 'checkbox', checked: object[key],
      onchange: event => { object[key] = event.target.checked; noticed(); } }), label);
  }
  /** A choice; a value that is none of them can stay. */
  function choice(object, key, values, options) {
    const all = object[key] === undefined || values.includes(object[key]) ? values : [object[key], ...values];
    const select = h('select', { ...options, onchange: () => { object[key] = select.value; noticed(); } },
      object[key] === undefined && h('option', { value: '' }, '–'), all.map(value => h('option', { value }, value)));
    select.value = object[key] ?? '';
    return select;
  }
  const label = (text, ...control) => h('label', null, text, control);

  function fill() {
    changed = structuredClone(user);
    changed.profile ??= {};
    saved = JSON.stringify(changed);
    problem.textContent = '';
    fields.replaceChildren(
      label('E-mail', input(changed, 'email', { name: 'email', type: 'email', required: true })),
      label('Name', input(changed, 'name', { name: 'name' })),
      label('New password (empty: no change)', input(changed, 'pass', { name: 'pass', type: 'password', autocomplete: 'new-password' })),
      label('Energy', input(changed, 'energy', { name: 'energy', type: 'number', required: true, step: 1, min: 0, max: 2147483647 })),
      check(changed, 'isSuperAdmin', 'Administrator'));
    drawProjects();
    if (advanced.open) writeProfile();
    noticed();
  }
  function drawProjects() {
    const open = new Set([...projects.querySelectorAll('details[open]')].map(element => element.dataset.id));
    const all = changed.profile.dashBoards ?? [];
    projects.replaceChildren(...all.map(dash => project(dash, open.has(String(dash.id)) || all.length === 1)));
    if (!all.length) projects.append(h('p', { class: 'soft' }, 'No projects.'));
  }
  function project(dash, open) {
    const online = (dash.devices ?? []).filter(device => device.status === 'ONLINE').length;
    const some = (count, one) => `${number(count)} ${one}${count === 1 ? '' : 's'}`;
    const name = h('strong', null, dash.name || `Project ${dash.id}`);
    return h('details', { class: 'card wide', open, 'data-id': dash.id },
      h('summary', null, name, ' ', h('span', { class: 'soft' }, `${some(dash.widgets?.length ?? 0, 'widget')}, `
        + `${some(dash.devices?.length ?? 0, 'device')}, ${online} online, ${dash.isActive ? 'active' : 'stopped'}`)),
      h('p', { class: 'soft' }, `id ${dash.id}, made ${when(dash.createdAt)}, changed ${when(dash.updatedAt)}`),
      h('div', { class: 'grid' }, label('Name', input(dash, 'name', { 'aria-label': `Name of project ${dash.id}` })),
        label('Theme', choice(dash, 'theme', THEMES)), SWITCHES.map(([key, text]) => check(dash, key, text))),
      part('Devices', devices(dash), dash.devices), part('Widgets', widgets(dash), dash.widgets),
      tagPart(dash));
  }
  const part = (title, columns, rows) => rows?.length ? [h('h2', null, title), table(columns, rows, { per: 20 })] : null;
  const devices = dash => [
    { title: 'Id', show: d => [h('span', { class: `dot${d.status === 'ONLINE' ? ' on' : ''}`, title: d.status ?? '' }), d.id] },
    { title: 'Name', show: d => input(d, 'name', { 'aria-label': `Name of device ${d.id}`, maxlength: 50 }) },
    { title: 'Board', show: d => input(d, 'boardType', { 'aria-label': `Board of device ${d.id}`, list: 'boards', required: true }) },
    { title: 'Connection', show: d => choice(d, 'connectionType', CONNECTIONS, { 'aria-label': `Connection of device ${d.id}` }) },
    { title: 'Token', show: d => [h('code', null, d.token ?? ''), ' ',
      h('button', { type: 'button', class: 'small', onclick: () => newToken(dash, d) }, 'Set')] },
    { title: 'Last address', show: d => d.lastLoggedIP ?? '' },
  ];
  const widgets = () => [
    { title: 'Id', key: 'id', number: true, show: w => w.id },
    { title: 'Type', key: 'type' },
    { title: 'Label', show: w => input(w, 'label', { 'aria-label': `Label of widget ${w.id}` }) },
    { title: 'Value', show: w => 'value' in w || 'pin' in w ? input(w, 'value', { 'aria-label': `Value of widget ${w.id}` }) : '' },
    { title: 'Pin', show: w => w.pinType && w.pin >= 0 ? `${w.pinType[0]}${w.pin}` : '' },
    { title: 'Place', show: w => `${w.x ?? 0}, ${w.y ?? 0}` },
    { title: 'Size', show: w => `${w.width ?? 0} × ${w.height ?? 0}` },
  ];
  const tags = dash => [
    { title: 'Id', number: true, show: t => t.id },
    { title: 'Name', show: t => input(t, 'name', { 'aria-label': `Name of tag ${t.id}`, required: true, maxlength: 40 }) },
    { title: 'Ids of its devices', show: t => tagDevices(dash, t) },
    { title: '', show: t => h('button', { type: 'button', class: 'bad small', 'aria-label': `Delete tag ${t.id}`, onclick: () => {
      dash.tags.splice(dash.tags.indexOf(t), 1);
      // Values that were written to the tag go with it, as when an app deletes one.
      const stored = changed.profile.pinsStorage ?? {};
      for (const key of Object.keys(stored)) if (key.startsWith(`${dash.id}-${t.id}-`)) delete stored[key];
      drawProjects();
      noticed();
    } }, 'Delete') },
  ];
  function tagPart(dash) {
    const add = h('button', { type: 'button', class: 'small', 'aria-label': `New tag in project ${dash.id}`, onclick: () => {
      dash.tags ??= [];
      dash.tags.push({ id: Math.max(FIRST_TAG - 1, ...dash.tags.map(tag => tag.id)) + 1, name: 'New tag', deviceIds: [] });
      drawProjects();
      noticed();
    } }, 'New tag');
    return [h('div', { class: 'tools' }, h('h2', null, 'Tags'), add), dash.tags?.length ? table(tags(dash), dash.tags, { per: 20 }) : null];
  }
  /** The devices of a tag, as a list of their ids. */
  function tagDevices(dash, tag) {
    const known = new Set((dash.devices ?? []).map(device => device.id));
    const field = h('input', { 'aria-label': `Devices of tag ${tag.id}`, value: (tag.deviceIds ?? []).join(', '), oninput: () => {
      const ids = field.value.split(/[\s,]+/).filter(Boolean).map(Number);
      const other = ids.find(id => !known.has(id));
      field.setCustomValidity(ids.length > 25 ? 'A tag has at most 25 devices.'
        : other === undefined ? '' : 'Please name ids of devices of this project, with commas between them.');
      tag.deviceIds = ids.filter(Number.isInteger);
      noticed();
    } });
    return field;
  }
  function newToken(dash, device) {
    if (isChanged()) return toast('Please save or discard the changes first.');
    return dialog('Set token', label(`New token of ${device.name || device.id}`, h('input', { name: 'new', required: true,
      pattern: '[A-Za-z0-9._~\\-]{1,100}', value: device.token ?? '' })), 'Set', async data => {
      await ask('POST', `/users/token/force?${new URLSearchParams({ email: user.email, app: user.appName, dashId: dash.id,
        deviceId: device.id, new: data.new })}`);
      user = await get(path);
      fill();
      toast('The old token is invalid now.');
    });
  }

  const writeProfile = () => {
    profile.value = JSON.stringify(changed.profile, null, 2);
    readProfile();
  };
  /** Takes over the profile's text, if it is one. */
  function readProfile() {
    let problem = '';
    try {
      const value = JSON.parse(profile.value);
      if (value === null || typeof value !== 'object' || Array.isArray(value)) throw new Error('an object is expected');
      if (value.dashBoards !== undefined && !Array.isArray(value.dashBoards)) throw new Error('dashBoards must be a list');
      if (JSON.stringify(value) !== JSON.stringify(changed.profile)) {
        changed.profile = value;
        drawProjects();
      }
    } catch (error) {
      problem = error.message;
    }
    profileState.textContent = problem ? `Not valid: ${problem}` : `${number(profile.value.length)} characters, valid`;
    profileState.className = problem ? 'problem' : 'soft';
    noticed();
  }
  const isChanged = () => JSON.stringify(changed) !== saved;
  /** Something was changed: says so. */
  function noticed() {
    const dirty = isChanged() || profileState.className === 'problem';
    state.textContent = dirty ? 'Changed, not saved' : 'Saved';
    save.disabled = !dirty || profileState.className === 'problem';
    discard.disabled = !dirty;
  }
  view.unsaved = () => isChanged();

  const form = h('form', { onsubmit: event => { event.preventDefault(); attempt(save, send, problem).then(noticed); } },
    h('p', null, h('a', { href: '#users' }, '← Users')), h('h1', null, user.email),
    h('p', { class: 'soft' }, `App ${user.appName}, region ${user.region || '–'}, last address ${user.lastLoggedIP || '–'}, `
      + `last login ${when(user.lastLoggedAt)}, modified ${when(user.lastModifiedTs)}`),
    h('div', { class: 'card wide' }, fields), h('h2', null, 'Projects'), projects, advanced, boards, problem,
    h('div', { class: 'tools bottom' }, save, discard, state, h('button', { type: 'button', class: 'bad push',
      onclick: () => deleteUsers([user.id], () => { view.unsaved = null; location.hash = '#users'; }) }, 'Delete user')));
  // What is wrong in a closed part must be seen.
  form.addEventListener('invalid', event => { const closed = event.target.closest('details'); if (closed) closed.open = true; }, true);
  async function send() {
    const body = structuredClone(changed);
    if (!body.pass) delete body.pass;
    const before = user.id;
    user = (await ask('PUT', path, body)).value;
    toast('Saved. Apps and devices of the account connect anew.');
    fill();
    if (user.id !== before) location.hash = `#user/${encodeURIComponent(user.id)}`;
  }
  put(view, form);
  fill();
}
