// The Node-RED package's client and write node in the thinnest possible host: writes V1 when connected, tells what comes for V5.
const { EventEmitter } = require('events');
const [path, key] = process.argv.slice(2);
const tell = (event, value) => console.log(JSON.stringify({ event, value }));
const types = {};
const nodes = {};
const RED = {
  _: (text) => text,
  nodes: {
    createNode(node, config) { nodes[config.id] = node; },
    getNode: (id) => nodes[id],
    registerType(name, constructor) {
      // Node-RED makes every node an event emitter with a log.
      for (const method of Object.getOwnPropertyNames(EventEmitter.prototype)) {
        if (!(method in constructor.prototype) || method === 'on') constructor.prototype[method] = EventEmitter.prototype[method];
      }
      Object.assign(constructor.prototype, { log() {}, warn() {}, error() {}, status() {} });
      types[name] = constructor;
    },
  },
};
require('node-red-contrib-blynk-ws/nodes/blynk-ws-client.js')(RED);
require('node-red-contrib-blynk-ws/nodes/blynk-ws-in-write.js')(RED);
const client = new types['blynk-ws-client']({ id: 'client', path, key, enabled: true, proxy_type: 'no' });
const input = new types['blynk-ws-in-write']({ id: 'input', client: 'client', pin: '5' });
input.send = (message) => tell('V5', [message.payload]);
client.on('connected', () => {
  tell('connect');
  client.virtualWrite(1, 'hello');
});
