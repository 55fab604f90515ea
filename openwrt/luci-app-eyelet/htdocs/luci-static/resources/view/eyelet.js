'use strict';
'require form';
'require fs';
'require poll';
'require rpc';
'require uci';
'require view';

// The page of Eyelet: its state on top, below the settings that most people need. Everything else is in
// /etc/eyelet/server.properties.

const serviceList = rpc.declare({
	object: 'service',
	method: 'list',
	params: [ 'name' ],
	expect: { '': {} }
});

// The same command line as in the access list.
const STATUS = [ '-serverConfig', '/var/run/eyelet/server.properties', 'status' ];

async function state() {
	const services = await serviceList('eyelet').catch(() => ({}));
	const instances = Object.values(services.eyelet?.instances || {});
	const instance = instances.find((instance) => instance.running);
	if (!instance)
		return { running: false, text: '' };
	const answer = await fs.exec('/usr/bin/eyelet', STATUS).catch(() => null);
	return { running: true, pid: instance.pid, text: (answer && answer.code === 0 && answer.stdout) || '' };
}

function stateNodes(now) {
	const port = uci.get('eyelet', 'server', 'https_port') || '9443';
	const admin = 'https://' + window.location.hostname + ':' + port + '/admin';
	const nodes = [
		E('p', {}, now.running
			? E('em', {}, _('Running, process %d.').format(now.pid))
			: E('em', {}, _('Not running.')))
	];
	if (now.running) {
		nodes.push(E('p', {}, E('a', { 'href': admin, 'target': '_blank', 'rel': 'noreferrer' }, _('Admin pages'))));
		if (now.text)
			nodes.push(E('pre', {}, now.text));
	}
	return nodes;
}

return view.extend({
	load: function() {
		return Promise.all([ state(), uci.load('eyelet') ]);
	},

	render: function(loaded) {
		const box = E('div', { 'id': 'eyelet-state' }, stateNodes(loaded[0]));
		poll.add(async () => {
			const now = await state();
			box.replaceChildren(...stateNodes(now));
		}, 5);

		const map = new form.Map('eyelet', _('Eyelet'),
			_('A server for phone apps and devices made for the legacy Blynk server.'));
		let section, option;

		section = map.section(form.NamedSection, 'server', 'eyelet', _('State'));
		section.render = () => E('div', { 'class': 'cbi-section' }, [ E('h3', {}, _('State')), box ]);

		section = map.section(form.NamedSection, 'server', 'eyelet', _('Settings'));
		section.addremove = false;
		section.tab('server', _('Server'));
		section.tab('legacy', _('Devices of the old cloud'));
		section.tab('more', _('More'));

		option = section.taboption('server', form.Flag, 'enabled', _('Enable'));
		option.rmempty = false;

		option = section.taboption('server', form.Value, 'https_port', _('Port for apps, TLS and admin pages'));
		option.datatype = 'port';
		option.placeholder = '9443';

		option = section.taboption('server', form.Value, 'http_port', _('Port for HTTP and plain hardware'));
		option.datatype = 'port';
		option.placeholder = '8080';

		option = section.taboption('server', form.Value, 'mqtt_port', _('Port for MQTT'));
		option.datatype = 'port';
		option.placeholder = '8440';

		option = section.taboption('server', form.Value, 'data_folder', _('Data folder'),
			_('Users and history. A folder on a USB stick spares the flash of the router.'));
		option.placeholder = '/srv/eyelet';
		option.validate = (id, value) => !value || value.startsWith('/') || _('A path from the root, please.');

		option = section.taboption('legacy', form.Flag, 'legacy', _('Adopt devices of blynk-cloud.com'),
			_('The DNS of this router answers for the names below with its own address, and Eyelet listens on the ports that ' +
			  'old libraries use: 80, 443, 8441, 8442 and 8443. Ports that LuCI uses are left out; the system log says which.'));
		option.rmempty = false;

		option = section.taboption('legacy', form.DynamicList, 'legacy_domain', _('Names'));
		option.datatype = 'hostname';
		option.depends('legacy', '1');

		option = section.taboption('legacy', form.Value, 'legacy_address', _('Address'),
			_('A second address of this router, for devices only. Needed when LuCI is to keep ports 80 and 443 at the first one.'));
		option.datatype = 'ip4addr("nomask")';
		option.optional = true;
		option.depends('legacy', '1');

		option = section.taboption('more', form.Value, 'host', _('Public name or address'),
			_('What apps and devices are told. Empty: the address of the network "lan".'));
		option.datatype = 'host';
		option.optional = true;

		option = section.taboption('more', form.Value, 'certificate', _('Certificate'),
			_('PEM file. Empty: Eyelet makes its own.'));
		option.datatype = 'file';
		option.optional = true;

		option = section.taboption('more', form.Value, 'key', _('Private key'), _('PEM file of that certificate.'));
		option.datatype = 'file';
		option.optional = true;

		option = section.taboption('more', form.ListValue, 'log_level', _('Log level'));
		[ 'error', 'warn', 'info', 'debug' ].forEach((level) => option.value(level));
		option.default = 'info';

		option = section.taboption('more', form.DynamicList, 'property', _('Other keys'),
			_('Lines key=value of server.properties.'));
		option.validate = (id, value) => !value || /^[A-Za-z][A-Za-z0-9.]*=/.test(value) || _('key=value, please.');

		return map.render();
	}
});
