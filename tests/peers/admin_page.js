// Drives the admin page in Chromium through everything that it can do.
// Arguments: address of the page, e-mail of a user with a device, a firmware file, folder for screenshots.
const { chromium } = require('playwright-core');

const [url, email, firmware, shots] = process.argv.slice(2);
const tell = (event, value) => console.log(JSON.stringify({ event, value }));
const problems = [];

async function main() {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
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

  // Users: a new one, search, edit with a mistake, delete.
  await goto('users', 'Users');
  await shot('users-1280');
  await page.locator('button', { hasText: 'New user' }).click();
  await box.locator('[name=email]').fill('fresh@example.com');
  await box.locator('[name=pass]').fill('secret');
  await box.locator('button.main').click();
  await page.locator('h1', { hasText: 'fresh@example.com' }).waitFor();
  await page.locator('[name=energy]').fill('777');
  const profile = page.locator('textarea');
  await profile.fill('{"dashBoards": 5}');
  tell('invalid', { message: await page.locator('p .problem').textContent(), disabled: await page.locator('button.main').isDisabled() });
  await profile.fill('{"dashBoards":[{"id":3,"name":"Made by hand"}]}');
  await page.locator('button', { hasText: 'Save' }).click();
  await toast('Saved');
  await page.locator('.card strong', { hasText: 'Made by hand' }).waitFor();
  await goto('users', 'Users');
  await page.locator('input[type=search]').fill('fresh@');
  await page.locator('tbody tr').nth(1).waitFor({ state: 'detached' });
  await page.locator('tbody button.bad').click();
  await shot('delete-1280');
  await box.locator('button.bad').click();
  await toast('was deleted');
  await page.locator('td', { hasText: 'Nothing here' }).waitFor();
  await page.locator('input[type=search]').fill('');
  await page.locator('td a', { hasText: email }).click();
  await page.locator('h1', { hasText: email }).waitFor();
  await shot('user-1280');
  const csv = page.waitForEvent('download');
  await goto('users', 'Users');
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
  tell('lists');

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

  // A phone, in the dark: no page may be wider than the screen.
  await page.setViewportSize({ width: 360, height: 740 });
  await page.emulateMedia({ colorScheme: 'dark' });
  const widths = {};
  for (const name of ['overview', 'users', `user/${email}-Blynk`, 'stats/messages', 'ota', 'config']) {
    await page.goto(`${url}#${name}`);
    await page.waitForTimeout(700);
    const short = name.split('/')[0];
    widths[short] = await page.evaluate(() => document.documentElement.scrollWidth);
    await shot(`${short}-360`);
  }
  await page.locator('header button', { hasText: 'Log out' }).click();
  await page.locator('#clear').waitFor();
  widths.login = await page.evaluate(() => document.documentElement.scrollWidth);
  await shot('login-360');
  tell('widths', widths);
  await browser.close();
  tell('end', problems);
}

main().catch(error => {
  tell('failed', String(error.stack));
  tell('end', problems);
  process.exit(1);
});
