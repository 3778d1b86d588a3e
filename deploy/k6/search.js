// Search: the 20 best hotels of a city for three nights, with a sealed offer each.
import { check } from 'k6';
import exec from 'k6/execution';
import { date, judge, open, search, world } from './holdfast.js';

export const options = open();

export function setup() {
  return world();
}

export default function (at) {
  const n = exec.scenario.iterationInTest;
  const day = 30 + (n * 7) % 30;
  const answer = search({ place: at.cities[n % at.cities.length], check_in: date(day), check_out: date(day + 3) });
  if (judge(answer, 200)) check(answer, { 'has a sealed offer': (a) => String(a.body).includes('"id":"off_') });
}
