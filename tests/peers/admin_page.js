// Drives the admin page in Chromium through everything that it can do.
// Arguments: address of the page, e-mail of a user with a device, another token for that, a firmware file, folder for screenshots.
const { chromium } = require('playwright-core');

const [url, email, newToken, firmware, shots] = process.argv.slice(2);
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

  await goto('overview', 'Overview');
  await page.locator('svg.spark').nth(3).waitFor();
  await page.waitForTimeout(7000);
  const points = await page.locator('svg.spark polyline').first().getAttribute('points');
  tell('overview', { points: points.split(' ').length, devices: await page.locator('.card .value').nth(1).textContent() });
  await shot('overview-1280');

  // Users: a new one, a mistake in each kind of field, a change that is given up, one that is saved.
  await goto('users', 'Users');
  await shot('users-1280');
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

  // The fields of a project: everything that can be changed, and a new token.
  await goto('users', 'Users');
  await page.locator('td a', { hasText: email }).click();
  await page.locator('h1', { hasText: email }).waitFor();
  await shot('user-1280');
  const field = name => page.locator(`[aria-label="${name}"]`);
  await field('Name of project 1').fill('Pond');
  await page.locator('details select').first().selectOption('SparkFun');
  await page.locator('label.check', { hasText: 'Keeps the screen on' }).locator('input').check();
  await field('Label of widget 1').fill('Pump');
  await field('Value of widget 1').fill('1');
  await field('Name of device 0').fill('Float switch');
  await field('Board of device 0').fill('NodeMCU');
  await field('Connection of device 0').selectOption('GSM');
  await save.click();
  await toast('Saved');
  const stored = await page.evaluate(async id => (await (await fetch(`/admin/users/${encodeURIComponent(id)}`)).json()).profile.dashBoards[0],
    `${email}-Blynk`);
  const [widget, device] = [stored.widgets.find(w => w.id === 1), stored.devices[0]];
  tell('project', [stored.name, stored.theme, stored.keepScreenOn, widget.label, widget.value, device.name, device.boardType, device.connectionType]);
  await page.locator('button', { hasText: 'Set' }).last().click();
  await box.locator('[name=new]').fill('a token');
  await box.locator('button.main').click();
  tell('bad token', await box.locator('[name=new]').evaluate(element => element.validity.patternMismatch));
  await box.locator('[name=new]').fill(newToken);
  await box.locator('button.main').click();
  await toast('old token is invalid');
  await page.locator('code', { hasText: newToken }).waitFor();
  await shot('project-1280');

  // The list: search, sort, pages, CSV; one is deleted, then several, the last administrator is not.
  await page.evaluate(async () => {
    for (let i = 0; i < 40; i++) {
      await fetch('/admin/users', { method: 'POST', headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: `many${String(i).padStart(2, '0')}@example.com`, pass: 'secret' }) });
    }
  });
  await goto('users', 'Users');
  await page.locator('input[type=search]').fill('fresh@');
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
  const csv = page.waitForEvent('download');
  await page.locator('button', { hasText: 'CSV' }).click();
  tell('csv', (await csv).suggestedFilename());

  // Every list.
  for (const [section, names] of Object.entries({
    stats: ['requestsPerUser', 'messages', 'boards', 'facebookLogins', 'widgets', 'projectsPerUser', 'filledSpace', 'userProfileSize',
      'webHookHosts', 'ips'],
    hardware: ['blynkVersion', 'cpuType', 'boards', 'connectionType'],
  })) {
    for (const name of names) {
      await page.goto(`${url}#${section}/${name}`);
      await page.locator(`nav.sub a[href="#${section}/${name}"][aria-current]`).waitFor();
      await page.locator('tbody td').first().waitFor();
      if (name === 'messages') await shot('messages-1280');
      const sorter = page.locator('th button').first();
      await sorter.click();
      await page.locator('th button[aria-sort=up], th button[aria-sort=down]').first().waitFor();
    }
  }
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
  const text = page.locator('textarea');
  const settings = await text.inputValue();
  tell('settings', { masked: settings.includes('admin.pass=***'), secret: settings.includes('admin.pass=admin') });
  await text.fill(settings.replace(/^user.message.quota.limit=.*$/m, 'user.message.quota.limit=99'));
  await page.locator('button', { hasText: 'Apply' }).click();
  await toast('user.message.quota.limit');
  expected = 1;
  await text.fill('user.message.quota.limit=many');
  await page.locator('button', { hasText: 'Apply' }).click();
  await page.locator('.problem', { hasText: 'user.message.quota.limit' }).waitFor();
  await shot('config-1280');
  await goto('config/mail.properties', 'mail.properties');
  tell('read-only', await text.evaluate(element => element.readOnly));
  await goto('config/single_token_mail_body.txt', 'single_token_mail_body.txt');
  await text.fill('Have a nice day.');
  await page.locator('button', { hasText: 'Apply' }).click();
  await toast('single_token_mail_body.txt');

  // Firmware for all, stopped again; then for the one device.
  await goto('ota', 'Firmware');
  await page.locator('input[type=file]').setInputFiles(firmware);
  await page.locator('select').first().selectOption('all');
  await page.locator('form button.main').click();
  await toast('was uploaded');
  await page.locator('td', { hasText: 'all devices' }).waitFor();
  await shot('ota-1280');
  await page.locator('button', { hasText: 'Stop all' }).click();
  await box.locator('button.bad').click();
  await page.locator('td', { hasText: 'all devices' }).waitFor({ state: 'detached' });
  await page.locator('select').first().selectOption('token');
  await page.locator('input[type=file]').setInputFiles(firmware);
  await page.locator('form button.main').click();
  await page.locator('td', { hasText: 'by admin@blynk.cc' }).waitFor();
  tell('firmware');

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
