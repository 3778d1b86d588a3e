// Overload: half of the rated load, three times of it for 20 s, half again. What cannot be done has to be refused at once
// with Retry-After; what is accepted has to be answered in time; afterwards all is as before. Set RATED to what hot.js
// reaches on your machine. Give it many tokens: a caller keeps only few unpaid holds.
import { judge, open, place, placed, refused, release, room, token } from './holdfast.js';

const rated = Number(__ENV.RATED || 300);
const vus = Number(__ENV.VUS || 1000);
const long = Number(__ENV.SECONDS || 20);

function phase(times, start, length) {
  return {
    executor: 'constant-arrival-rate', rate: Math.max(1, Math.round(rated * times)), timeUnit: '1s', startTime: `${start}s`, duration: `${length}s`,
    preAllocatedVUs: Math.min(200, vus), maxVUs: vus,
  };
}

export const options = {
  ...open(),
  scenarios: { before: phase(0.5, 0, 5), overload: phase(3, 5, long), after: phase(0.5, 5 + long + 2, 5) },
  thresholds: {
    holdfast_failed: ['rate<0.001'],
    holdfast_refusal_time: ['p(99)<500'],
    'http_req_duration{scenario:after}': ['p(99)<1000'], // two seconds later it is as before
  },
};

export function setup() {
  return room(Math.min(100000, rated * 3 * (long + 10)), 'demo-traveller');
}

export default function (at) {
  const who = token();
  const answer = place(at.offer, who);
  if (judge(answer, 201)) {
    placed.add(1);
    judge(release(answer.json('id'), who), 204);
  }
  refused.add(0);
}
