// The administrators' page, without libraries: the frame, and which view is shown. Views are functions that fill an element;
// the part of the address after # names them.

import { ask, attempt, dialog, get, h, root, session, toast } from './base.js';
import { configView } from './config.js';
import { otaView } from './firmware.js';
import { passwordHash } from './hash.js';
import { hardwareView, statsView } from './lists.js';
import { overview } from './overview.js';
import { userView } from './user.js';
import { usersView } from './users.js';

const VIEWS = {
  overview: ['Overview', overview], users: ['Users', usersView], user: [null, userView], stats: ['Statistics', statsView],
  hardware: ['Hardware', hardwareView], ota: ['Firmware', otaView], config: ['Configuration', configView],
};

let timer;
let shown = 0;
let current = { hash: '', view: null };

function passwordDialog(forced) {
  const input = (label, name, autocomplete) => h('label', null, label,
    h('input', { name, type: 'password', required: true, autocomplete, minlength: name === 'old' ? null : 8 }));
  dialog(forced ? 'Please choose a new password' : 'Change password', [
    forced && h('p', null, 'This account still has a well-known password. Everybody can guess it.'),
    input('Present password', 'old', 'current-password'), input('New password (8 characters or more)', 'new', 'new-password'),
    input('New password again', 'again', 'new-password')], 'Change', async data => {
    if (data.new !== data.again) throw new Error('The new passwords differ.');
    const { email } = session.me;
    await ask('POST', '/password', { old: await passwordHash(email, data.old), new: await passwordHash(email, data.new) });
    toast('The password is changed.');
    session.me = await get('/me');
    await route();
  }, { forced });
}

/** Shows the view that the address names. A view may leave `poll` (what to do again and again) and `unsaved` (whether it has changes). */
async function route() {
  const [name, ...rest] = location.hash.slice(1).split('/');
  const key = name in VIEWS ? name : 'overview';
  const main = document.querySelector('main');
  if (session.me.mustChangePassword) {
    main.replaceChildren(h('p', { class: 'note' }, 'Nothing else works on this page before the password is changed.'));
    if (!document.querySelector('dialog')) passwordDialog(true);
    return;
  }
  if (current.view?.unsaved?.() && location.hash !== current.hash) {
    const wanted = location.hash;
    history.replaceState(null, '', current.hash);
    dialog('Discard the changes?', h('p', null, 'This account was changed and not saved.'), 'Discard', () => {
      current.view = null;
      location.hash = wanted;
    }, { bad: true });
    return;
  }
  const mine = ++shown;
  clearInterval(timer);
  document.querySelectorAll('header + nav a').forEach(link => {
    const isCurrent = link.hash === `#${key}` || (key === 'user' && link.hash === '#users');
    if (isCurrent) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  });
  const view = h('div');
  try {
    const argument = rest.length ? decodeURIComponent(rest.join('/')) : undefined;
    await VIEWS[key][1](view, argument);
  } catch (error) {
    view.replaceChildren(h('p', { class: 'problem', role: 'alert' }, error.message));
  }
  if (mine !== shown) return;
  current = { hash: location.hash, view };
  main.replaceChildren(view);
  if (view.poll) timer = setInterval(() => !document.hidden && attempt(null, view.poll.action), view.poll.period);
}

async function start() {
  session.me = await get('/me');
  const { email, product } = session.me;
  document.title = `${product} Administration`;
  document.body.prepend(
    h('header', null, h('strong', null, `${product} Administration`), h('span', { class: 'who', title: email }, email),
      h('button', { type: 'button', onclick: () => passwordDialog(false) }, 'Password'),
      h('form', { method: 'post', action: `${root}/logout` }, h('button', null, 'Log out'))),
    h('nav', { 'aria-label': 'Pages' }, Object.entries(VIEWS).filter(([, [label]]) => label).map(([name, [label]]) =>
      h('a', { href: `#${name}` }, label))),
    h('main'));
  addEventListener('hashchange', route);
  addEventListener('beforeunload', event => current.view?.unsaved?.() && event.preventDefault());
  await route();
}

start().catch(error => document.body.append(h('p', { class: 'problem' }, error.message)));
