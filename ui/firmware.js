// Firmware over the air: upload, what waits, who was told.

import { Refused, ask, attempt, dialog, get, h, put, root, size, table, toast, when } from './base.js';

export async function otaView(view) {
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
  view.poll = { action: () => document.activeElement === token ? undefined : draw(), period: 10000 };
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
