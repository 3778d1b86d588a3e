// What the scripts share: where the server is, who asks, and how a request is made and judged. Settings come from the
// environment (k6 run -e NAME=VALUE); README.md lists them.
import http from 'k6/http';
import exec from 'k6/execution';
import { check } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';

export const base = (__ENV.HOLDFAST_URL || 'http://127.0.0.1:8080').replace(/\/$/, '');
const tokens = (__ENV.HOLDFAST_TOKENS || 'demo-traveller,demo-traveller-2').split(',');
export const staff = __ENV.HOLDFAST_STAFF_TOKEN || 'demo-operator';

export const rate = Number(__ENV.RATE || 100); // arrivals a second
export const seconds = Number(__ENV.SECONDS || 30);
const waiting = Number(__ENV.VUS || 500); // requests under way at most

// Refusals that are right answers: what is sold out, and what comes back later when the server says when.
export const soldOut = new Counter('holdfast_sold_out');
export const refused = new Counter('holdfast_refused');
export const placed = new Counter('holdfast_placed');
export const failed = new Rate('holdfast_failed');
export const refusalTime = new Trend('holdfast_refusal_time', true);

// An open loop: requests arrive at a rate, whatever the answers do.
export function open(extra = {}) {
  return {
    scenarios: {
      open: {
        executor: 'constant-arrival-rate', rate: rate, timeUnit: '1s', duration: `${seconds}s`,
        preAllocatedVUs: Math.min(waiting, 200), maxVUs: waiting,
      },
    },
    thresholds: {
      holdfast_failed: ['rate<0.001'],
      dropped_iterations: [`count<${Math.max(1, rate * seconds * 0.01)}`], // more: raise VUS, or the machine is too small to generate this load
      ...extra,
    },
    summaryTrendStats: ['p(50)', 'p(90)', 'p(99)', 'p(99.9)', 'max'],
  };
}

export function token() {
  return tokens[exec.scenario.iterationInTest % tokens.length];
}

function headers(who, more) {
  return { Authorization: `Bearer ${who}`, 'Content-Type': 'application/json', ...more };
}

// key is an Idempotency-Key that no run has used before.
const run = Date.now().toString(36);
let used = 0;
export function key() {
  used += 1;
  return `k6-${run}-${exec.vu.idInTest}-${used}`;
}

export function date(daysAhead) {
  return new Date(Date.now() + daysAhead * 86400000).toISOString().slice(0, 10);
}

// judge counts an answer: done, sold out, refused with a time to come back, or failed.
export function judge(answer, ...good) {
  const busy = (answer.status === 429 || answer.status === 503) && answer.headers['Retry-After'] !== undefined;
  const gone = answer.status === 409 && String(answer.body).includes('"code":"sold_out"');
  const ok = good.includes(answer.status);
  if (busy) {
    refused.add(1);
    refusalTime.add(answer.timings.duration);
  }
  if (gone) soldOut.add(1);
  failed.add(!(ok || busy || gone));
  check(answer, { 'answered as it should be': () => ok || busy || gone });
  return ok;
}

export function get(path, more = {}) {
  return http.get(base + path, { headers: headers(token(), more), tags: { name: path.replace(/htl_[a-z0-9]+/, '{id}').replace(/\?.*/, '') } });
}

export function search(stay, limit = 20, who = token()) {
  return http.post(`${base}/v1/offers`, JSON.stringify({ stay: { rooms: [{ adults: 2 }], ...stay }, limit: limit, sort: 'price' }), {
    headers: headers(who), tags: { name: '/v1/offers' },
  });
}

export function place(offer, who) {
  const answer = http.post(`${base}/v1/reservations`,
    JSON.stringify({ items: [{ offer: offer }], travellers: [{ given_name: 'Ada', family_name: 'Lovelace', email: 'ada@example.org' }] }),
    { headers: headers(who, { 'Idempotency-Key': key() }), tags: { name: '/v1/reservations' } });
  return answer;
}

export function pay(id, who) {
  return http.post(`${base}/v1/reservations/${id}/pay`, JSON.stringify({ payment_method: 'pm_test_approved' }),
    { headers: headers(who, { 'Idempotency-Key': key() }), tags: { name: '/v1/reservations/{id}/pay' } });
}

export function release(id, who) {
  return http.del(`${base}/v1/reservations/${id}`, null, { headers: headers(who), tags: { name: 'DELETE /v1/reservations/{id}' } });
}

// world reads which hotels and cities there are (setup of the scripts).
export function world() {
  const hotels = [];
  for (let after = ''; hotels.length < 2000;) {
    const answer = http.get(`${base}/v1/hotels?limit=200${after && `&after=${encodeURIComponent(after)}`}`);
    if (answer.status !== 200) throw new Error(`${base}/v1/hotels: ${answer.status} ${answer.body}`);
    const page = answer.json();
    for (const h of page.hotels) hotels.push({ id: h.id, city: h.city });
    if (!page.next) break;
    after = page.next;
  }
  if (hotels.length === 0) throw new Error('the server has no hotels; start it with --demo');
  return { hotels: hotels, cities: [...new Set(hotels.map((h) => h.city))] };
}

// offerOf asks hotels one after the other until one has something to sell.
export function offerOf(hotels, who) {
  for (const h of hotels) {
    const answer = search({ hotel_id: h.id, check_in: date(30), check_out: date(33) }, 1, who);
    if (answer.status === 200 && answer.json('offers').length > 0) return answer.json('offers')[0];
  }
  throw new Error('no hotel has anything to sell on the dates asked for');
}

export function make(path, body) {
  const answer = http.post(base + path, JSON.stringify(body), { headers: headers(staff, { 'Idempotency-Key': key() }) });
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${answer.body}`);
  return answer.json();
}

// room makes a hotel with one room type of so many rooms (with the staff token) and returns an offer of it.
export function room(rooms, who) {
  const supplier = make('/v1/suppliers', { name: `k6 ${run}`, kind: 'hotel_chain' });
  const hotel = make('/v1/hotels', {
    supplier_id: supplier.id, name: `k6 ${run}`, stars: 3, address: 'Am Ufer 12', city: 'Leipzig', country: 'DE', latitude: 51.34, longitude: 12.37,
    time_zone: 'Europe/Berlin', currency: 'EUR', amenities: ['wifi'], overbooking_bp: 0,
  });
  make(`/v1/hotels/${hotel.id}/room-types`, {
    name: 'Double', occupancy: { adults: 2, children: 0 }, base_price: { amount: '180.00', currency: 'EUR' }, capacity: rooms,
  });
  for (let i = 0; i < 200; i++) { // its stock is made in moments
    const answer = search({ hotel_id: hotel.id, check_in: date(60), check_out: date(63) }, 1, who);
    if (answer.status === 200 && answer.json('offers').length > 0) return { offer: answer.json('offers')[0].id, hotel: hotel.id, type: answer.json('offers')[0].room_type.id };
  }
  throw new Error(`hotel ${hotel.id} has no offers`);
}
