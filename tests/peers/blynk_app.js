// The app protocol's client from npm: registers, logs in, makes a project, and writes pins until a device is there.
const { Blynk, Command } = require('blynk');
const [host, port] = process.argv.slice(2);
const tell = (event, value) => console.log(JSON.stringify({ event, value }));
const project = {
  id: 1,
  devices: [{ id: 0, name: 'Lamp', boardType: 'ESP8266' }],
  widgets: [{ type: 'SLIDER', id: 5, width: 1, height: 1, pinType: 'VIRTUAL', pin: 1 }],
};
(async () => {
  const email = `n${process.pid}x${Date.now()}@example.com`;
  let blynk = new Blynk(host, Number(port));
  await blynk.connect();
  tell('registered', await blynk.register(email, 'secret'));
  blynk = new Blynk(host, Number(port));
  await blynk.connect();
  tell('logged in', await blynk.login(email, 'secret'));
  tell('empty profile', await blynk.loadProfileGzipped());
  tell('created', await blynk.sendCommand(Command.CREATE_DASH, JSON.stringify(project)));
  tell('energy', Number(await blynk.getEnergy()));
  await blynk.sendCommand(Command.ACTIVATE_DASHBOARD, '1');
  tell('devices', await blynk.getDevices('1'));
  for (let left = 50; ; left -= 1) {
    try {
      await blynk.hardware('1', 'vw', 1, 'hello');
      break;
    } catch (error) {
      // The device is on its way.
      if (left === 0) throw error;
      await new Promise((later) => setTimeout(later, 100));
    }
  }
  tell('profile', await blynk.loadProfileGzipped());
  await blynk.disconnect();
})().catch((error) => { console.error(error); process.exit(1); });
