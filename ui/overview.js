// The start page: live figures with small charts.

import { get, h, number, put, session, size } from './base.js';

/** How often figures are asked for, and how many of them a chart shows. */
const POLL_MS = 3000;
const SAMPLES = 100;
/** A chart with fewer values does not fill its width. */
const FEW = 20;

const FIGURES = [
  ['connected', 'users with app and device'], ['registrations', 'accounts'], ['active', 'active today'],
  ['activeWeek', 'active this week'], ['activeMonth', 'active this month'],
];
const CHARTS = [
  ['Messages per second', now => now.oneMinRate, number], ['Devices online', now => now.totalOnlineHards, number],
  ['Apps online', now => now.totalOnlineApps, number], ['Memory', now => now.memoryStat.heapBytes, size],
];
const samples = [];

async function sample() {
  const [now] = await get('/stats/realtime');
  samples.push(now);
  if (samples.length > SAMPLES) samples.shift();
  return now;
}

export async function overview(view) {
  const cards = h('div', { class: 'cards' });
  const charts = h('div', { class: 'charts' });
  const work = h('div', { class: 'cards' });
  put(view, session.me.warnings.map(text => h('p', { class: 'note' }, text)), h('h1', null, 'Overview'), charts, cards,
    h('h2', null, 'Work in the background'), work, h('p', { class: 'soft' }, `Version ${session.me.version}, host ${session.me.host}`));
  const card = (label, value) => h('div', { class: 'card' }, h('div', { class: 'label' }, label), h('div', { class: 'value' }, value));
  async function refresh() {
    const now = await sample();
    cards.replaceChildren(...FIGURES.map(([key, label]) => card(label, number(now[key]))));
    charts.replaceChildren(...CHARTS.map(([title, value, show]) => h('div', { class: 'card' },
      h('div', { class: 'label' }, title), h('div', { class: 'value' }, show(value(now))), spark(samples.map(value)))));
    const io = now.ioStat;
    work.replaceChildren(card('mails, pushes, webhooks waiting', number(io.messagingActiveTasks)),
      card('history jobs waiting', number(io.historyActiveTasks)), card('saves waiting', number(io.reportingActiveTasks)),
      card('active reports', number(io.reportsActive)), card('bytes waiting for peers', size(now.memoryStat.directBytes)),
      card('HTTP requests this minute', number(now.http.total)));
  }
  await refresh();
  view.poll = { action: refresh, period: POLL_MS };
}

function spark(values) {
  const SVG = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'spark');
  const width = Math.max(values.length, FEW);
  svg.setAttribute('viewBox', `0 0 ${width - 1} 40`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const top = Math.max(...values, 1) * 1.1;
  const start = width - values.length;
  const points = values.map((value, i) => `${start + i},${(39 - value / top * 38).toFixed(2)}`).join(' ');
  for (const [tag, text] of [['polygon', `${start},40 ${points} ${width - 1},40`], ['polyline', points]]) {
    const shape = document.createElementNS(SVG, tag);
    shape.setAttribute('points', text);
    svg.append(shape);
  }
  return svg;
}
