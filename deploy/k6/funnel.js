// The funnel of the hotel document: 300 views (60 searches, 40 lists, 200 hotel pages, half of these from readers who
// were there before) : 30 booking pages : 3 bookings that are paid.
import exec from 'k6/execution';
import { date, get, judge, open, pay, place, placed, search, token, world } from './holdfast.js';

export const options = open();

const steps = 333;
const tags = {}; // ETags of hotel pages, of each VU
let shown = ''; // the offer that the last booking page of this VU has shown

export function setup() {
  return world();
}

export default function (at) {
  const n = exec.scenario.iterationInTest;
  const step = (n * 127) % steps; // 127 and 333 have no common divisor: every step once a round, mixed
  const day = 30 + (n * 7) % 30;
  const hotel = at.hotels[(n * 7919) % at.hotels.length];
  const city = at.cities[n % at.cities.length];
  if (step < 3) {
    book(hotel, day);
  } else if (step < 33) {
    bookingPage(hotel, day, token());
  } else if (step < 93) {
    judge(search({ place: city, check_in: date(day), check_out: date(day + 3) }), 200);
  } else if (step < 133) {
    judge(get(`/v1/hotels?limit=20&city=${encodeURIComponent(city)}`), 200);
  } else {
    const known = n % 2 === 0 && tags[hotel.id];
    const answer = get(`/v1/hotels/${hotel.id}`, known ? { 'If-None-Match': known } : {});
    if (judge(answer, 200, 304) && answer.headers.Etag) tags[hotel.id] = answer.headers.Etag;
  }
}

function bookingPage(hotel, day, who) {
  const answer = search({ hotel_id: hotel.id, check_in: date(day), check_out: date(day + 3) }, 20, who);
  if (judge(answer, 200) && answer.json('offers').length > 0) shown = answer.json('offers')[0].id;
}

function book(hotel, day) {
  const who = token();
  if (shown === '') bookingPage(hotel, day, who);
  if (shown === '') return; // nothing is free there
  const answer = place(shown, who);
  shown = '';
  if (!judge(answer, 201)) return;
  placed.add(1);
  judge(pay(answer.json('id'), who), 200, 202);
}
