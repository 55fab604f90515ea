// A device on npm blynk-library: writes V1 when connected, tells what comes for V5.
const Blynk = require('blynk-library');
const [transport, addr, port, token, certificate] = process.argv.slice(2);
const tell = (event, value) => console.log(JSON.stringify({ event, value }));
const options = { addr, port: Number(port) };
let connector = new Blynk.TcpClient(options);
if (transport === 'tls') {
  connector = new Blynk.SslClient({ ...options, ca: require('fs').readFileSync(certificate) });
}
const blynk = new Blynk.Blynk(token, { connector });
const v5 = new blynk.VirtualPin(5);
v5.on('write', (value) => tell('V5', value));
blynk.on('connect', () => {
  tell('connect');
  blynk.virtualWrite(1, 'hello');
});
blynk.on('error', () => {});
