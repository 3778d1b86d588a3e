package fare

import (
	"errors"
	"fmt"
	"math"
)

// Forecast is the demand expected for one booking class, taken as normally distributed and independent of the others.
type Forecast struct {
	Fare      int64   // minor units, what one seat brings
	Mean      float64 // seats
	Deviation float64 // standard deviation, seats
}

// ErrForecast is the root of every refusal of a forecast.
var ErrForecast = errors.New("forecast")

// Check refuses numbers that no demand has.
func (f Forecast) Check() error {
	bad := func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) || x < 0 }
	if f.Fare < 0 || bad(f.Mean) || bad(f.Deviation) {
		return fmt.Errorf("%w: fare %d, mean %g, deviation %g: want numbers from zero", ErrForecast, f.Fare, f.Mean, f.Deviation)
	}
	return nil
}

// JointLevels are the seats to keep for classes 0..j together from class j+1, for every j but the last, by EMSR-b:
// the demand for 0..j is pooled (means add, variances add) at its average fare weighted by the means, and y is kept so
// that the last seat kept brings as much as selling it below: average fare x P(pooled demand > y) = fare of class j+1.
// For two classes that is Littlewood's rule, and optimal. Levels lie in [0, cabin] and do not fall from one to the next.
//
// Nothing is kept where nobody is expected or the class below pays as much; everything where the class below pays
// nothing; the mean where the demand is certain.
//
// Source: P. P. Belobaba, "Optimal vs. heuristic methods for nested seat allocation", AGIFORS Reservations and Yield
// Management Study Group, 1992, after his EMSR (Operations Research 37(2), 1989, 183-197); as in K. T. Talluri and
// G. J. van Ryzin, The Theory and Practice of Revenue Management, 2004, section 2.2.4.2.
func JointLevels(cabin int32, demand []Forecast) ([]float64, error) {
	if len(demand) > MaxClasses {
		return nil, fmt.Errorf("%w: %d classes, at most %d", ErrForecast, len(demand), MaxClasses)
	}
	for _, d := range demand {
		if err := d.Check(); err != nil {
			return nil, err
		}
	}
	levels := make([]float64, max(0, len(demand)-1))
	var mean, variance, revenue, last float64
	for j := range levels {
		d := demand[j]
		mean += d.Mean
		variance += d.Deviation * d.Deviation
		revenue += float64(d.Fare) * d.Mean
		y := level(mean, math.Sqrt(variance), revenue, float64(demand[j+1].Fare))
		last = max(last, min(max(0, y), float64(max(0, cabin))))
		levels[j] = last
	}
	return levels, nil
}

// equal is how close fares are to be the same: an average of equal fares is not quite their value in floating point.
const equal = 1e-9

// level solves revenue/mean x P(N(mean, deviation) > y) = below for y.
func level(mean, deviation, revenue, below float64) float64 {
	switch {
	case mean == 0 || below*mean >= revenue*(1-equal):
		return 0
	case below == 0:
		return math.Inf(1)
	case deviation == 0:
		return mean
	}
	return mean + deviation*quantile(1-below*mean/revenue)
}

// quantile is the inverse of the standard normal distribution function.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// Protect is EMSR-b as seats protected for each class, highest first, for NestLimits: the joint levels rounded to whole
// seats, each without the one before. The lowest class protects nothing.
func Protect(cabin int32, demand []Forecast) ([]int32, error) {
	levels, err := JointLevels(cabin, demand)
	if err != nil {
		return nil, err
	}
	protected := make([]int32, len(demand))
	var before int32
	for j, y := range levels {
		joint := int32(math.Round(y))
		protected[j], before = joint-before, joint
	}
	return protected, nil
}
