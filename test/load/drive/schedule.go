package drive

import (
	"math/rand/v2"
	"time"
)

// Schedule is when requests are meant to arrive, counted from the start, ascending. It is fixed before the first one is
// sent: whatever the server does, nobody's arrival moves, and so a stall cannot hide (it would if the next request
// waited for the last answer, which is called coordinated omission).
type Schedule []time.Duration

// Poisson is arrivals of many people who know nothing of each other: rate a second on average, for so long.
func Poisson(rate float64, length time.Duration, seed uint64) Schedule {
	random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // arrivals are to be the same each time
	s := make(Schedule, 0, int(rate*length.Seconds()*1.1)+8)
	for at := 0.0; ; {
		at += random.ExpFloat64() / rate
		if at >= length.Seconds() {
			return s
		}
		s = append(s, time.Duration(at*float64(time.Second)))
	}
}

// Constant is arrivals at equal distances.
func Constant(rate float64, length time.Duration) Schedule {
	s := make(Schedule, 0, int(rate*length.Seconds())+1)
	for n := 0; ; n++ {
		at := time.Duration(float64(n) / rate * float64(time.Second))
		if at >= length {
			return s
		}
		s = append(s, at)
	}
}

// Then appends arrivals that begin at an instant.
func (s Schedule) Then(at time.Duration, next Schedule) Schedule {
	for _, d := range next {
		s = append(s, at+d)
	}
	return s
}
