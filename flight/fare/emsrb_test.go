package fare_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"holdfast/flight/fare"
)

// above is P(N(mean, deviation) > y) by Simpson's rule on the density: nothing in common with an inverse error function.
func above(y, mean, deviation float64) float64 {
	density := func(x float64) float64 {
		z := (x - mean) / deviation
		return math.Exp(-z*z/2) / (deviation * math.Sqrt(2*math.Pi))
	}
	const steps = 2000
	end := max(y, mean) + 12*deviation
	h := (end - y) / steps
	sum := density(y) + density(end)
	for i := 1; i < steps; i++ {
		sum += density(y+float64(i)*h) * float64(2+2*(i%2))
	}
	return sum * h / 3
}

// solve finds y with average x P(pooled demand > y) = below, by halving.
func solve(average, below, mean, deviation float64) float64 {
	low, high := mean-10*deviation, mean+10*deviation
	for range 80 {
		if mid := (low + high) / 2; average*above(mid, mean, deviation) > below {
			low = mid
		} else {
			high = mid
		}
	}
	return max(0, low)
}

// pooled are the joint levels by numeric integration.
func pooled(demand []fare.Forecast, cabin float64) (levels []float64) {
	last := 0.0
	for j := 1; j < len(demand); j++ {
		var mean, variance, revenue float64
		for _, d := range demand[:j] {
			mean, variance, revenue = mean+d.Mean, variance+d.Deviation*d.Deviation, revenue+float64(d.Fare)*d.Mean
		}
		y := 0.0
		if average := revenue / mean; average*(1-1e-9) > float64(demand[j].Fare) { // equal fares, but for floating point
			y = solve(average, float64(demand[j].Fare), mean, math.Sqrt(variance))
		}
		last = max(last, min(y, cabin))
		levels = append(levels, last)
	}
	return levels
}

func TestEMSRBAgainstIntegration(t *testing.T) {
	cases := map[string][]fare.Forecast{
		"two classes": {{Fare: 40_000, Mean: 30, Deviation: 10}, {Fare: 20_000, Mean: 80, Deviation: 30}},
		"four classes, as in textbooks": {
			{Fare: 105_000, Mean: 17.3, Deviation: 5.8},
			{Fare: 56_700, Mean: 45.1, Deviation: 15.0},
			{Fare: 53_400, Mean: 73.6, Deviation: 17.4},
			{Fare: 52_000, Mean: 19.8, Deviation: 6.6},
		},
		"cheap below": {{Fare: 30_000, Mean: 12, Deviation: 4}, {Fare: 29_000, Mean: 20, Deviation: 6}, {Fare: 2_000, Mean: 90, Deviation: 25}},
	}
	for name, demand := range cases {
		levels, err := fare.JointLevels(1000, demand)
		if err != nil {
			t.Fatal(err)
		}
		want := pooled(demand, 1000)
		for j := range want {
			if math.Abs(levels[j]-want[j]) > 1e-4 {
				t.Errorf("%s: level %d is %.6f, integration says %.6f", name, j, levels[j], want[j])
			}
		}
		t.Logf("%s: %.2f", name, levels)
	}
	// Littlewood's rule where it can be said by heart: half the fare keeps the mean.
	if levels, err := fare.JointLevels(100, cases["two classes"]); err != nil || math.Abs(levels[0]-30) > 1e-9 {
		t.Errorf("half the fare keeps %v, want the mean, 30 (%v)", levels, err)
	}
}

// Classes of one fare keep nothing from each other, whatever floating point makes of their average.
func TestEMSRBEqualFares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		demand, minor := make([]fare.Forecast, rapid.IntRange(2, 8).Draw(t, "classes")), rapid.Int64Range(1, 100_000).Draw(t, "fare")
		for i := range demand {
			demand[i] = fare.Forecast{Fare: minor, Mean: rapid.Float64Range(0.5, 80).Draw(t, "mean"), Deviation: 0.1}
		}
		if protected, err := fare.Protect(200, demand); err != nil || slices.Max(protected) != 0 {
			t.Fatalf("%v are protected (%v)", protected, err)
		}
	})
}

func drawDemand(t *rapid.T) []fare.Forecast {
	n := rapid.IntRange(1, 8).Draw(t, "classes")
	demand := make([]fare.Forecast, n)
	for i := range demand {
		demand[i] = fare.Forecast{
			Fare: int64(rapid.IntRange(1, 100_000).Draw(t, "fare")), Mean: rapid.Float64Range(0.5, 80).Draw(t, "mean"),
			Deviation: rapid.Float64Range(0.1, 30).Draw(t, "deviation"),
		}
	}
	slices.SortFunc(demand, func(a, b fare.Forecast) int { return int(b.Fare - a.Fare) })
	return demand
}

// Levels equal those of numeric integration, lie in the cabin and do not fall; protections add up to them and give nests
// that do not grow; a cheaper class below keeps more for those above.
func TestEMSRBProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		demand, cabin := drawDemand(t), rapid.Int32Range(0, 300).Draw(t, "cabin")
		levels, err := fare.JointLevels(cabin, demand)
		if err != nil {
			t.Fatal(err)
		}
		want := pooled(demand, float64(cabin))
		protected, err := fare.Protect(cabin, demand)
		if err != nil {
			t.Fatal(err)
		}
		before, sum := 0.0, int32(0)
		for j, y := range levels {
			sum += protected[j]
			if y < before || y > float64(cabin) || protected[j] < 0 || math.Abs(float64(sum)-y) > 0.5 || math.Abs(y-want[j]) > 1e-3 {
				t.Fatalf("level %d is %g after %g, integration says %g, %d seats are protected up to it (%+v)", j, y, before, want[j], sum, demand)
			}
			before = y
		}
		if protected[len(protected)-1] != 0 {
			t.Fatal("the lowest class protects seats from nobody")
		}
		limits := fare.NestLimits(cabin, protected)
		for k := range limits {
			if limits[k] < 0 || k > 0 && limits[k] > limits[k-1] {
				t.Fatalf("nests %v grow", limits)
			}
		}
		if last := len(demand) - 1; last > 0 {
			cheaper := slices.Clone(demand)
			cheaper[last].Fare /= 2
			more, err := fare.JointLevels(cabin, cheaper)
			if err != nil || more[last-1] < levels[last-1]-1e-9 {
				t.Fatalf("a cheaper class keeps %v for those above, before %v (%v)", more, levels, err)
			}
		}
	})
}

func TestEMSRBDegenerate(t *testing.T) {
	for name, c := range map[string]struct {
		cabin  int32
		demand []fare.Forecast
		want   []int32
	}{
		"no classes":               {100, nil, []int32{}},
		"one class":                {100, []fare.Forecast{{Fare: 100, Mean: 10, Deviation: 3}}, []int32{0}},
		"nobody expected":          {100, []fare.Forecast{{Fare: 200}, {Fare: 100, Mean: 50, Deviation: 5}}, []int32{0, 0}},
		"no mean, some deviation":  {100, []fare.Forecast{{Fare: 200, Deviation: 5}, {Fare: 100, Mean: 50, Deviation: 5}}, []int32{0, 0}},
		"equal fares":              {100, []fare.Forecast{{Fare: 100, Mean: 20, Deviation: 5}, {Fare: 100, Mean: 50, Deviation: 5}}, []int32{0, 0}},
		"dearer below":             {100, []fare.Forecast{{Fare: 100, Mean: 20, Deviation: 5}, {Fare: 200, Mean: 50, Deviation: 5}}, []int32{0, 0}},
		"certain demand":           {100, []fare.Forecast{{Fare: 200, Mean: 20}, {Fare: 100, Mean: 50}, {Fare: 50, Mean: 9}}, []int32{20, 50, 0}},
		"free below":               {100, []fare.Forecast{{Fare: 200, Mean: 20, Deviation: 5}, {Fare: 0, Mean: 50, Deviation: 5}}, []int32{100, 0}},
		"all free":                 {100, []fare.Forecast{{Mean: 20, Deviation: 5}, {Mean: 50, Deviation: 5}}, []int32{0, 0}},
		"more than the cabin":      {30, []fare.Forecast{{Fare: 900, Mean: 200, Deviation: 5}, {Fare: 100, Mean: 50, Deviation: 5}}, []int32{30, 0}},
		"no cabin":                 {0, []fare.Forecast{{Fare: 900, Mean: 200, Deviation: 5}, {Fare: 100, Mean: 50, Deviation: 5}}, []int32{0, 0}},
		"hardly anything expected": {100, []fare.Forecast{{Fare: 200, Mean: 1, Deviation: 30}, {Fare: 190, Mean: 50, Deviation: 5}}, []int32{0, 0}},
	} {
		got, err := fare.Protect(c.cabin, c.demand)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, c.want)
		}
	}
	for name, f := range map[string]fare.Forecast{
		"a negative fare": {Fare: -1}, "a negative mean": {Mean: -1}, "no number": {Mean: math.NaN()}, "endless": {Deviation: math.Inf(1)},
	} {
		if _, err := fare.Protect(10, []fare.Forecast{f, {}}); !errors.Is(err, fare.ErrForecast) {
			t.Errorf("%s was accepted: %v", name, err)
		}
	}
	if _, err := fare.Protect(10, make([]fare.Forecast, fare.MaxClasses+1)); !errors.Is(err, fare.ErrForecast) {
		t.Errorf("too many classes were accepted: %v", err)
	}
}
