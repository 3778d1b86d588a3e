// Sold out: ten rooms and everybody wants one; nearly every answer is a refusal, and it must come fast. At the end
// exactly ten rooms are held or sold.
import http from 'k6/http';
import { base, date, judge, open, place, placed, room, soldOut, staff, token } from './holdfast.js';

const rooms = 10;

export const options = open({ holdfast_placed: [`count==${rooms}`], 'http_req_duration{name:/v1/reservations}': ['p(99)<1000'] });

export function setup() {
  return room(rooms, token0());
}

function token0() {
  return (__ENV.HOLDFAST_TOKENS || 'demo-traveller').split(',')[0];
}

export default function (at) {
  if (judge(place(at.offer, token()), 201)) placed.add(1);
}

export function teardown(at) {
  const answer = http.get(`${base}/v1/hotels/${at.hotel}/room-types/${at.type}/inventory?from=${date(60)}&to=${date(63)}`, { headers: { Authorization: `Bearer ${staff}` } });
  for (const night of answer.json('nights')) {
    if (night.held + night.sold !== rooms || night.available !== 0) throw new Error(`${night.date}: ${night.held} held and ${night.sold} sold of ${rooms}`);
  }
  soldOut.add(0);
}
