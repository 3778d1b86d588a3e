// Package fare is what a seat costs and whether it may be sold at that: booking classes nested in a cabin and how many
// seats each of them keeps from the ones below, fare families with their conditions, taxes and fees, the price of each
// traveller, and the rule that keeps published fares stable. It does no I/O and knows no clock.
//
// Money is exact: minor units of one currency, rounded half away from zero where a share is taken, and divided by largest
// remainder, so that what travellers pay adds up to the item and items to the trip. Only forecasts of demand are
// floating point; what comes of them is a whole number of seats.
package fare
