package timetable_test

import (
	"math/rand/v2"
	"testing"

	"holdfast/civil"
	"holdfast/rail/timetable"
	"holdfast/test/timegraph"
)

// horizon is what a railway has on sale.
const horizon = 60

// ask is some queries of the horizon's first 50 days.
func ask(f *timegraph.Feed, from civil.Date) []timetable.Query {
	r := rand.New(rand.NewPCG(60, 9))
	queries := make([]timetable.Query, 1000)
	for i := range queries {
		queries[i] = timegraph.Random(r, f, from, 50)
	}
	return queries
}

// BenchmarkEarliest is B9: random stations, days and seconds.
func BenchmarkEarliest(b *testing.B) {
	from := civil.MustParse("2019-03-01")
	f := germany(b, from, horizon)
	table, queries := build(b, f), ask(f, from)
	b.Run("all", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			table.Earliest(queries[i%len(queries)])
		}
	})
	var found, lost []timetable.Query
	for _, q := range queries {
		if _, ok := table.Earliest(q); ok {
			found = append(found, q)
		} else {
			lost = append(lost, q)
		}
	}
	b.Run("found", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			table.Earliest(found[i%len(found)])
		}
		b.ReportMetric(float64(len(found)), "queries")
	})
	b.Run("lost", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			table.Earliest(lost[i%len(lost)])
		}
		b.ReportMetric(float64(len(lost)), "queries")
	})
	b.Run("skip", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			q := queries[i%len(queries)]
			q.Skip = func(run int32, _, _ int) bool { return run%8 == 0 }
			table.Earliest(q)
		}
	})
}

// BenchmarkSearch is a whole day.
func BenchmarkSearch(b *testing.B) {
	from := civil.MustParse("2019-03-01")
	f := germany(b, from, horizon)
	table, queries := build(b, f), ask(f, from)
	for name, skip := range map[string]func(int32, int, int) bool{"all": nil, "skip": func(run int32, _, _ int) bool { return run%8 == 0 }} {
		b.Run(name, func(b *testing.B) {
			n := 0
			for i := 0; b.Loop(); i++ {
				q := queries[i%len(queries)]
				q.Depart -= q.Depart % 86400
				q.Skip = skip
				n += len(table.Search(q))
			}
			b.ReportMetric(float64(n)/float64(b.N), "journeys")
		})
	}
}

// BenchmarkWith is a delay of one run.
func BenchmarkWith(b *testing.B) {
	from := civil.MustParse("2019-03-01")
	f := germany(b, from, horizon)
	table := build(b, f)
	for _, n := range []int{1, 100} {
		changes := make([]timetable.RunChange, n)
		for i := range changes {
			run := int32(20_000 + 7*i)
			changes[i] = timetable.RunChange{Run: run, Calls: table.Calls(run)}
			for k := range changes[i].Calls {
				changes[i].Calls[k].Arrive += 300
				changes[i].Calls[k].Depart += 300
			}
		}
		b.Run(map[int]string{1: "one", 100: "hundred"}[n], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := table.With(changes); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("new", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			build(b, f)
		}
	})
}
