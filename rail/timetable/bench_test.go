package timetable_test

import (
	"math/rand/v2"
	"testing"

	"holdfast/civil"
	"holdfast/rail/timetable"
	"holdfast/test/load/meter"
	"holdfast/test/timegraph"
)

// horizon is what a railway has on sale.
const horizon = 60

var first = civil.MustParse("2019-03-01")

// ask is some queries of the horizon's first 50 days.
func ask(f *timegraph.Feed) []timetable.Query {
	r := rand.New(rand.NewPCG(60, 9))
	queries := make([]timetable.Query, 1000)
	for i := range queries {
		queries[i] = timegraph.Random(r, f, first, 50)
	}
	return queries
}

// loop asks in turn; it tells the CPU time too, which is what to compare on a busy machine.
func loop(b *testing.B, queries []timetable.Query, ask func(timetable.Query)) {
	b.ReportAllocs()
	before := meter.Self()
	for i := 0; b.Loop(); i++ {
		ask(queries[i%len(queries)])
	}
	b.ReportMetric(float64(meter.Self()-before)/float64(b.N), "cpu-ns/op")
}

func booked(run int32, _, _ int) bool { return run%8 == 0 }

// BenchmarkEarliest is B9: random stations, days and seconds.
func BenchmarkEarliest(b *testing.B) {
	f := germany(b, first, horizon)
	table, queries := build(b, f), ask(f)
	var found, lost []timetable.Query
	for _, q := range queries {
		if _, ok := table.Earliest(q); ok {
			found = append(found, q)
		} else {
			lost = append(lost, q)
		}
	}
	earliest := func(q timetable.Query) { table.Earliest(q) }
	b.Run("all", func(b *testing.B) { loop(b, queries, earliest) })
	b.Run("found", func(b *testing.B) { loop(b, found, earliest) })
	b.Run("lost", func(b *testing.B) { loop(b, lost, earliest) })
	b.Run("skip", func(b *testing.B) {
		loop(b, queries, func(q timetable.Query) {
			q.Skip = booked
			table.Earliest(q)
		})
	})
}

// BenchmarkSearch is a whole day.
func BenchmarkSearch(b *testing.B) {
	f := germany(b, first, horizon)
	table, queries := build(b, f), ask(f)
	for i := range queries {
		queries[i].Depart -= queries[i].Depart % 86400
	}
	b.Run("all", func(b *testing.B) { loop(b, queries, func(q timetable.Query) { table.Search(q) }) })
	b.Run("skip", func(b *testing.B) {
		loop(b, queries, func(q timetable.Query) {
			q.Skip = booked
			table.Search(q)
		})
	})
}

// BenchmarkWith is delays.
func BenchmarkWith(b *testing.B) {
	f := germany(b, first, horizon)
	table := build(b, f)
	for name, n := range map[string]int{"one": 1, "hundred": 100} {
		changes := make([]timetable.RunChange, n)
		for i := range changes {
			run := int32(20_000 + 7*i)
			changes[i] = timetable.RunChange{Run: run, Calls: table.Calls(run)}
			for k := range changes[i].Calls {
				changes[i].Calls[k].Arrive += 300
				changes[i].Calls[k].Depart += 300
			}
		}
		b.Run(name, func(b *testing.B) {
			loop(b, make([]timetable.Query, 1), func(timetable.Query) {
				if _, err := table.With(changes); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
	b.Run("new", func(b *testing.B) { loop(b, make([]timetable.Query, 1), func(timetable.Query) { build(b, f) }) })
}
