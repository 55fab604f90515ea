// Settings in effect.

import { ask, attempt, get, h, put, toast } from './base.js';

const EDITABLE = ['server.properties', 'single_token_mail_body.txt'];

export async function configView(view, name = 'server.properties') {
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
