//go:build !race

package hoteltest

// slow: the race detector is on.
const slow = false
