// A device on npm blynk-library: writes V1 when connected, tells what comes for V5.
const Blynk = require('blynk-library');
const [transport, addr, port, token] = process.argv.slice(2);
const tell = (event, value) => console.log(JSON.stringify({ event, value }));
const options = { addr, port: Number(port) };
let connector = new Blynk.TcpClient(options);
if (transport === 'tls') {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  connector = new Blynk.SslClient({ ...options, servername: addr });
}
const blynk = new Blynk.Blynk(token, { connector, certs_path: undefined });
const v5 = new blynk.VirtualPin(5);
v5.on('write', (value) => tell('V5', value));
blynk.on('connect', () => {
  tell('connect');
  blynk.virtualWrite(1, 'hello');
});
blynk.on('error', () => {});
