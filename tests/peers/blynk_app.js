// The app protocol's client from npm.
const { Blynk } = require('blynk');
const [host, port] = process.argv.slice(2);
const tell = (event, value) => console.log(JSON.stringify({ event, value }));
(async () => {
  const email = `n${process.pid}x${Date.now()}@example.com`;
  let blynk = new Blynk(host, Number(port));
  await blynk.connect();
  await blynk.register(email, 'secret');
  blynk = new Blynk(host, Number(port));
  await blynk.connect();
  await blynk.login(email, 'secret');
  tell('energy', Number(await blynk.getEnergy()));
  tell('profile', await blynk.loadProfileGzipped());
})().catch((error) => { console.error(error); process.exit(1); });
