// Hot pool: everybody places a hold on one room type for the same three nights, and lets it go again (one caller may
// keep only few unpaid holds). It makes a hotel of its own, with the staff token.
import { judge, open, place, placed, rate, release, room, seconds, token } from './holdfast.js';

export const options = open();

export function setup() {
  return room(Math.min(100000, rate * seconds), 'demo-traveller');
}

export default function (at) {
  const who = token();
  const answer = place(at.offer, who);
  if (judge(answer, 201)) {
    placed.add(1);
    judge(release(answer.json('id'), who), 204);
  }
}
