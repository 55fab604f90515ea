// Drives the admin page in Chromium through everything that it can do.
// Arguments: address of the page, e-mail of a user with a device in project 1 and one in project 2 ("House"), another token for the
// first, e-mail of a user with a project "Pond", a firmware file, folder for screenshots. Prints what it saw as JSON, a line each.
const { chromium } = require('playwright-core');

const [url, email, newToken, other, firmware, shots] = process.argv.slice(2);
const tell = (event, value) => console.log(JSON.stringify({ event, value }));
const problems = [];
let page;

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(10000);
  page.on('pageerror', error => problems.push(String(error)));
  let expected = 0; // Refusals that a step asks for are in the console, too.
  page.on('console', message => {
    if (message.type() !== 'error') return;
    if (expected > 0 && message.text().includes('status of 4')) expected -= 1;
    else problems.push(message.text());
  });
  const shot = name => page.screenshot({ path: `${shots}/admin-${name}.png` });
  const toast = text => page.locator('#toast', { hasText: text }).waitFor();
  const goto = (name, title) => page.goto(`${url}#${name}`).then(() => page.locator('main h1', { hasText: title }).first().waitFor());
  const box = page.locator('dialog');

  async function login(password) {
    await page.locator('[name=email]').fill('admin@blynk.cc');
    await page.locator('#clear').fill(password);
    await page.locator('button.main').click();
  }

  // A wrong password, then the well-known one, which must be changed.
  await page.goto(url);
  await shot('login-1280');
  await page.locator('p', { hasText: 'Admin account' }).waitFor();
  await page.locator('button.main', { hasText: 'Sign in' }).click();
  tell('login', await page.evaluate(() => [document.querySelector('[name=email]').validity.valueMissing,
    document.querySelector('#clear').validity.valueMissing, document.querySelector('[name=password]').type,
    new URL(document.forms[0].action).pathname, document.title]));
  await login('wrong');
  await page.locator('#problem', { hasText: 'wrong' }).waitFor();
  await login('admin');
  await box.locator('h1', { hasText: 'choose a new password' }).waitFor();
  await shot('password-1280');
  await page.keyboard.press('Escape');
  await page.goto(`${url}#users`);
  await box.locator('[name=old]').fill('admin');
  for (const name of ['new', 'again']) await box.locator(`[name=${name}]`).fill('correct horse');
  await box.locator('button.main').click();
  await page.locator('td a', { hasText: email }).waitFor();
  tell('password');
  tell('menu', await page.locator('header + nav a').allTextContents());

  await goto('overview', 'Overview');
  await page.locator('svg.spark').nth(3).waitFor();
  await page.waitForTimeout(7000);
  const points = await page.locator('svg.spark polyline').first().getAttribute('points');
  const cards = await page.locator('.card').evaluateAll(all => Object.fromEntries(all.map(card =>
    [...card.querySelectorAll('.label, .value')].map(part => part.textContent))));
  tell('overview', { points: points.split(' ').length, cards, warning: await page.locator('.note').allTextContents(),
    title: await page.title() });
  await shot('overview-1280');

  // Users: a new one, a mistake in each kind of field, a change that is given up, one that is saved.
  await goto('users', 'Users');
  await page.locator('tbody tr').first().waitFor();
  await shot('users-1280');
  tell('columns', await page.locator('thead th').allTextContents());
  await page.locator('button', { hasText: 'New user' }).click();
  await box.locator('[name=email]').fill('no address');
  await box.locator('[name=pass]').fill('secret');
  await box.locator('button.main').click();
  tell('refused', await box.locator('[name=email]').evaluate(element => element.validity.typeMismatch));
  await box.locator('[name=email]').fill('fresh@example.com');
  await box.locator('button.main').click();
  await page.locator('h1', { hasText: 'fresh@example.com' }).waitFor();
  const save = page.locator('button.main', { hasText: 'Save' });
  await page.locator('[name=energy]').fill('777');
  await page.locator('nav a', { hasText: 'Overview' }).click();
  await box.locator('h1', { hasText: 'Discard' }).waitFor();
  await box.locator('button', { hasText: 'Cancel' }).click();
  await box.waitFor({ state: 'detached' });
  tell('kept', await page.locator('[name=energy]').inputValue());
  await page.locator('summary', { hasText: 'Profile as JSON' }).click();
  const profile = page.locator('textarea');
  await profile.fill('{"dashBoards": 5}');
  tell('invalid', { message: await page.locator('p.problem', { hasText: 'Not valid' }).textContent(), disabled: await save.isDisabled() });
  await profile.fill('{"dashBoards":[{"id":3,"name":"Made by hand","tags":[{"id":100000,"name":"Roof","deviceIds":[]}]}]}');
  await save.click();
  await toast('Saved');
  await page.locator('summary strong', { hasText: 'Made by hand' }).waitFor();

  // Another e-mail needs another password; then name, password and role.
  await page.locator('[name=email]').fill('renamed@example.com');
  expected = 1;
  await save.click();
  await page.locator('form .problem', { hasText: 'also change password' }).waitFor();
  await page.locator('[name=pass]').fill('another secret');
  await page.locator('[name=name]').fill('Renate');
  await page.locator('[name=energy]').fill('4321');
  await page.locator('label.check', { hasText: 'Administrator' }).locator('input').check();
  await save.click();
  await page.locator('h1', { hasText: 'renamed@example.com' }).waitFor();
  const account = id => page.evaluate(async id => {
    const answer = await fetch(`/admin/users/${encodeURIComponent(id)}`);
    return answer.ok ? answer.json() : answer.status;
  }, id);
  const renamed = await account('renamed@example.com-Blynk');
  expected = 1;
  tell('account', [renamed.name, renamed.energy, renamed.isSuperAdmin, 'pass' in renamed, await account('fresh@example.com-Blynk')]);

  // The fields of a project: everything that can be changed, and a new token.
  await goto('users', 'Users');
  await page.locator('td a', { hasText: email }).click();
  await page.locator('h1', { hasText: email }).waitFor();
  await shot('user-1280');
  const first = page.locator('details[data-id="1"]');
  await first.locator('summary').click();
  const field = name => first.locator(`[aria-label="${name}"]`);
  tell('shown', { account: await page.locator('form > .soft').textContent(), project: await first.locator('p.soft').textContent(),
    device: await first.locator('tr', { has: page.locator('[aria-label="Name of device 0"]') }).locator('td').allTextContents(),
    online: await first.locator('tr .dot.on').count(),
    widget: await first.locator('tr', { has: page.locator('[aria-label="Label of widget 1"]') }).locator('td').allTextContents(),
    themes: await first.locator('select').first().locator('option').allTextContents(),
    connections: await field('Connection of device 0').locator('option').allTextContents(),
    boards: await page.locator('#boards option').count() });
  await field('Name of project 1').fill('Pond');
  await first.locator('select').first().selectOption('SparkFun');
  const SWITCHES = ['Active', 'Shared', 'Keeps the screen on', 'Tells devices of apps'];
  for (const text of SWITCHES) await first.locator('label.check', { hasText: text }).locator('input').click();
  await field('Label of widget 1').fill('Pump');
  await field('Value of widget 1').fill('1');
  await field('Name of device 0').fill('Float switch');
  await field('Board of device 0').fill('NodeMCU');
  await field('Connection of device 0').selectOption('GSM');
  // Tags: one gets another name, one a device, one goes, one is made.
  await field('Name of tag 100000').fill('Roof');
  await field('Devices of tag 100001').fill('0, 7');
  await save.click();
  tell('bad device', await field('Devices of tag 100001').evaluate(element => element.validity.customError));
  await field('Devices of tag 100001').fill('0');
  await field('Delete tag 100002').click();
  await field('Name of tag 100002').waitFor({ state: 'detached' });
  await field('New tag in project 1').click();
  await field('Name of tag 100002').fill('Cellar');
  await field('New tag in project 1').click();
  await field('Name of tag 100003').fill('');
  await save.click();
  tell('no name', await field('Name of tag 100003').evaluate(element => element.validity.valueMissing));
  await field('Delete tag 100003').click();
  await shot('tags-1280');
  // The text of the profile has what the fields say, and can change what they do not.
  await page.locator('summary', { hasText: 'Profile as JSON' }).click();
  await page.locator('p', { hasText: 'characters, valid' }).waitFor();
  const typed = JSON.parse(await profile.inputValue());
  typed.dashBoards.find(dash => dash.id === 1).createdAt = 1700000000000;
  await profile.fill(JSON.stringify(typed));
  await save.click();
  await toast('Saved');
  const stored = (await account(`${email}-Blynk`)).profile.dashBoards.find(dash => dash.id === 1);
  const [widget, device] = [stored.widgets.find(w => w.id === 1), stored.devices[0]];
  tell('project', [stored.name, stored.theme, stored.keepScreenOn, stored.isActive, stored.isShared, stored.isAppConnectedOn,
    stored.createdAt, widget.label, widget.value, device.name, device.boardType, device.connectionType]);
  tell('tags', stored.tags);
  // Its devices and apps work again once it is active.
  await first.locator('label.check', { hasText: 'Active' }).locator('input').check();
  await save.click();
  await toast('Saved');
  await first.locator('button', { hasText: 'Set' }).click();
  await box.locator('[name=new]').fill('a token');
  await box.locator('button.main').click();
  tell('bad token', await box.locator('[name=new]').evaluate(element => element.validity.patternMismatch));
  await box.locator('[name=new]').fill(newToken);
  await box.locator('button.main').click();
  await toast('old token is invalid');
  await page.locator('code', { hasText: newToken }).waitFor();
  await shot('project-1280');

  // An account is deleted from its own page.
  await goto('user/renamed@example.com-Blynk', 'renamed@example.com');
  await page.locator('button.bad', { hasText: 'Delete user' }).click();
  await box.locator('button.bad').click();
  await toast('was deleted');
  await page.locator('h1', { hasText: 'Users' }).waitFor();
  expected = 1;
  tell('deleted', await account('renamed@example.com-Blynk'));

  // The list: search, sort, pages, CSV; one is deleted, then several, the last administrator is not.
  await page.evaluate(async () => {
    for (let i = 0; i < 41; i++) {
      await fetch('/admin/users', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: `many${String(i).padStart(2, '0')}@example.com`, pass: 'secret' }) });
    }
  });
  await goto('overview', 'Overview');
  await goto('users', 'Users');
  await page.locator('tbody tr').nth(29).waitFor();
  const [names, times] = await page.locator('tbody').evaluate(body => [2, 7].map(column =>
    [...body.querySelectorAll(`td:nth-child(${column})`)].map(cell => cell.textContent)));
  const made = names.findIndex(name => name.startsWith('many40@'));
  tell('newest first', { rows: names.length, made, last: names.findIndex(name => name.startsWith('many20@')), times: new Set(times).size });
  await page.locator('input[type=search]').fill('many40@');
  await page.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
  await page.locator('tbody button.bad').click();
  await shot('delete-1280');
  await box.locator('button.bad').click();
  await toast('was deleted');
  await page.locator('td', { hasText: 'Nothing here' }).waitFor();
  await page.locator('input[type=search]').fill('many');
  await page.locator('.pager span', { hasText: '40 accounts' }).waitFor();
  await page.locator('th button', { hasText: 'E-mail' }).click();
  await page.locator('tbody tr td a').first().filter({ hasText: 'many00@' }).waitFor();
  await page.locator('th button', { hasText: 'E-mail' }).click();
  await page.locator('tbody tr td a').first().filter({ hasText: 'many39@' }).waitFor();
  await page.locator('.pager button', { hasText: 'Next' }).click();
  await page.locator('tbody tr td a').first().filter({ hasText: 'many09@' }).waitFor();
  tell('second page', await page.locator('tbody tr').count());
  await shot('pages-1280');
  await page.locator('[aria-label="All of this page"]').check();
  await page.locator('[aria-label="Choose many05@example.com"]').uncheck();
  await page.locator('button.bad', { hasText: 'Delete 9' }).click();
  await shot('delete-several-1280');
  await box.locator('button.bad').click();
  await toast('9 users were deleted');
  await page.locator('.pager span', { hasText: '31 accounts' }).waitFor();
  await page.locator('input[type=search]').fill('admin@');
  await page.locator('tbody tr td a').first().filter({ hasText: 'admin@' }).waitFor();
  await page.locator('tbody button.bad').click();
  expected = 1;
  await box.locator('button.bad').click();
  await box.locator('.problem', { hasText: 'no administrator any more' }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('input[type=search]').fill('');
  await page.locator('.pager span', { hasText: '34 accounts' }).waitFor();
  const csv = page.waitForEvent('download');
  await page.locator('button', { hasText: 'CSV' }).click();
  const text = await (await csv).path().then(path => require('fs').readFileSync(path, 'utf8'));
  tell('csv', { name: (await csv).suggestedFilename(), head: text.split('\n')[0],
    ours: text.split('\n').filter(line => line.startsWith(`${email},Blynk,`)).length, rows: text.split('\n').length - 1 });

  // Every list, and what it is sorted by.
  const sorted = {};
  for (const [section, names] of Object.entries({
    stats: ['requestsPerUser', 'messages', 'boards', 'facebookLogins', 'widgets', 'projectsPerUser', 'filledSpace', 'userProfileSize',
      'webHookHosts', 'ips'],
    hardware: ['blynkVersion', 'cpuType', 'boards', 'connectionType'],
  })) {
    await page.goto(`${url}#${section}`);
    await page.locator(`nav.sub a[href="#${section}/${names[0]}"]`).waitFor();
    tell(section, await page.locator('nav.sub a').count());
    for (const name of names) {
      await page.goto(`${url}#${section}/${name}`);
      await page.locator(`nav.sub a[href="#${section}/${name}"][aria-current]`).waitFor();
      await page.locator('tbody td').first().waitFor();
      if (name === 'messages') await shot('messages-1280');
      const down = await page.locator('th button[aria-sort=down], th button[aria-sort=up]').allTextContents();
      sorted[`${section}/${name}`] = down.join();
      const sorter = page.locator('th button').first();
      await sorter.click();
      await page.locator('th button[aria-sort=up], th button[aria-sort=down]').first().waitFor();
    }
  }
  tell('sorted', sorted);
  // Live figures change; more than 50 rows have pages; addresses can be searched.
  await page.goto(`${url}#stats/realtime`);
  const uptime = page.locator('tr', { hasText: 'total' }).filter({ hasText: 'http' }).locator('td').last();
  const before = Number((await uptime.textContent()).replaceAll(',', ''));
  await shot('realtime-1280');
  await page.goto(`${url}#stats/messages`);
  await page.locator('h1', { hasText: 'Messages' }).waitFor();
  tell('rows', await page.locator('tbody tr').count());
  await page.locator('.pager button', { hasText: 'Next' }).click();
  await page.locator('.pager span', { hasText: '2 of 2' }).waitFor();
  await page.goto(`${url}#stats/ips`);
  await page.locator('tbody td', { hasText: email }).first().waitFor();
  await page.locator('input[type=search]').fill('no such address');
  await page.locator('td', { hasText: 'Nothing here' }).waitFor();
  const file = page.waitForEvent('download');
  await page.locator('button', { hasText: 'CSV' }).click();
  tell('lists', { csv: (await file).suggestedFilename(), before });

  // Settings: a change, a bad value.
  await goto('config/server.properties', 'server.properties');
  tell('files', await page.locator('nav.sub a').allTextContents());
  const area = page.locator('textarea');
  const settings = await area.inputValue();
  tell('settings', { masked: settings.includes('admin.pass=***'), secret: settings.includes('admin.pass=admin') });
  await area.fill(settings.replace(/^user.message.quota.limit=.*$/m, 'user.message.quota.limit=99'));
  await page.locator('button', { hasText: 'Apply' }).click();
  await toast('user.message.quota.limit');
  expected = 1;
  await area.fill('user.message.quota.limit=many');
  await page.locator('button', { hasText: 'Apply' }).click();
  await page.locator('.problem', { hasText: 'user.message.quota.limit' }).waitFor();
  await shot('config-1280');
  await goto('config/mail.properties', 'mail.properties');
  tell('read-only', await area.evaluate(element => element.readOnly));
  await goto('config/single_token_mail_body.txt', 'single_token_mail_body.txt');
  await area.fill('Have a nice day.');
  await page.locator('button', { hasText: 'Apply' }).click();
  await toast('single_token_mail_body.txt');

  // Firmware for a user's devices in one project, for all of them, for all devices, each stopped again; then for one device.
  // Devices tell their build again and again: all have told it twice before the next job.
  await goto('ota', 'Firmware');
  const scope = page.locator('select').first();
  const give = async () => {
    await page.locator('input[type=file]').setInputFiles(firmware);
    const uploaded = page.locator('#toast', { hasText: 'was uploaded' });
    await page.locator('#toast').waitFor({ state: 'detached' });
    await page.locator('form button.main').click();
    await uploaded.waitFor();
    return (await uploaded.textContent()).split(' ')[0];
  };
  const stop = async () => {
    await page.waitForTimeout(1500);
    await page.locator('button', { hasText: 'Stop all' }).click();
    await box.locator('button.bad').click();
    await page.locator('table').first().locator('td', { hasText: 'Nothing here' }).waitFor();
    await page.waitForTimeout(700);
  };
  const paths = {};
  await scope.selectOption('user');
  const userFields = { email: page.locator('label', { hasText: 'E-mail' }).locator('input'), project: page.locator('[placeholder=any]') };
  await page.locator('input[type=file]').setInputFiles(firmware);
  await page.locator('form button.main').click();
  tell('no user', await userFields.email.evaluate(element => element.validity.valueMissing));
  await userFields.email.fill('nobody@example.com');
  expected = 1;
  await page.locator('form button.main').click();
  await page.locator('.problem', { hasText: 'Requested user not found.' }).waitFor();
  await userFields.email.fill(email);
  await userFields.project.fill('pond');
  paths.project = await give();
  await page.locator('td', { hasText: `${email}, pond` }).waitFor();
  await shot('ota-user-1280');
  await stop();
  await userFields.project.fill('');
  paths.user = await give();
  await page.locator('table').first().locator('td', { hasText: new RegExp(`^${email}$`) }).waitFor();
  await stop();
  await scope.selectOption('all');
  paths.all = await give();
  await page.locator('td', { hasText: 'all devices' }).waitFor();
  await shot('ota-1280');
  await stop();
  await scope.selectOption('token');
  const token = page.locator('[name=token]');
  tell('devices', await token.locator('option').allTextContents());
  await token.selectOption({ label: `${email}: Pond / Float switch` });
  paths.token = await give();
  await page.locator('tr', { hasText: 'Float switch' }).locator('td', { hasText: 'by admin@blynk.cc' }).waitFor();
  await page.locator('a[href^="/static/ota/"]').nth(3).waitFor();
  tell('firmware', { paths, told: await page.locator('td', { hasText: 'by admin@blynk.cc' }).count(),
    builds: await page.locator('tr', { hasText: 'Float switch' }).locator('td').nth(3).textContent(),
    files: await page.locator('a[href^="/static/ota/"]').count(),
    same: await page.evaluate(async path => (await (await fetch(path)).arrayBuffer()).byteLength, paths.token) });

  // Another password, first with a mistake.
  await page.locator('header button', { hasText: 'Password' }).click();
  const passwords = { old: 'wrong', new: 'battery staple', again: 'battery' };
  for (const [name, value] of Object.entries(passwords)) await box.locator(`[name=${name}]`).fill(value);
  tell('short', await box.locator('[name=again]').evaluate(element => element.validity.tooShort));
  await box.locator('[name=again]').fill('battery stapler');
  await box.locator('button.main').click();
  await box.locator('.problem', { hasText: 'differ' }).waitFor();
  await box.locator('[name=again]').fill('battery staple');
  expected = 1;
  await box.locator('button.main').click();
  await box.locator('.problem', { hasText: 'Wrong password' }).waitFor();
  await box.locator('[name=old]').fill('correct horse');
  await box.locator('button.main').click();
  await toast('password is changed');

  await page.emulateMedia({ colorScheme: 'dark' });
  for (const name of ['overview', 'users', `user/${email}-Blynk`]) {
    await page.goto(`${url}#${name}`);
    await page.waitForTimeout(700);
    await shot(`${name.split('/')[0]}-dark`);
  }

  // A phone, in the dark: no page may be wider than the screen.
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: 'dark' });
  const widths = {};
  for (const name of ['overview', 'users', `user/${email}-Blynk`, 'stats/messages', 'stats/realtime', 'hardware/boards', 'ota', 'config']) {
    await page.goto(`${url}#${name}`);
    await page.waitForTimeout(700);
    const short = name.replaceAll(/[^a-z]+/g, '-').slice(0, 16);
    widths[short] = await page.evaluate(() => document.documentElement.scrollWidth);
    await shot(`${short}-360`);
  }
  await page.locator('header button', { hasText: 'Log out' }).click();
  await page.locator('#clear').waitFor();
  widths.login = await page.evaluate(() => document.documentElement.scrollWidth);
  await shot('login-360');
  tell('widths', widths);
  // The page is gone with the session, the login page is there for Back.
  await page.goto(`${url}#users`);
  await page.locator('#clear').waitFor();
  await browser.close();
  tell('end', problems);
}

main().catch(async error => {
  tell('failed', String(error.stack));
  await page?.screenshot({ path: `${shots}/admin-failed.png` });
  tell('end', problems);
  process.exit(1);
});
