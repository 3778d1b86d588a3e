package main

import (
	"sync"

	"holdfast/civil"
)

// ledger is our own book-keeping of one hotel: how many rooms are taken each night.
type ledger struct {
	limit int
	first civil.Date // the night of taken[0]

	mu     sync.Mutex
	taken  []int
	peak   []int // the most that were ever taken of each night
	wanted []int // taken, had nothing been refused as sold out
	crest  []int // the most that were ever wanted
}

func newLedger(limit int, first, end civil.Date) *ledger {
	n := int(end - first)
	return &ledger{limit: limit, first: first, taken: make([]int, n), peak: make([]int, n), wanted: make([]int, n), crest: make([]int, n)}
}

// span is the nights of a booking in the slices.
func (l *ledger) span(b *booking) (from, to int) {
	from = int(b.arrival - l.first)
	return from, from + b.nights
}

// fits tells whether every night of a booking has a room left.
func (l *ledger) fits(b *booking) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, to := l.span(b)
	for n := from; n < to; n++ {
		if l.taken[n] >= l.limit {
			return false
		}
	}
	return true
}

// take notes that a booking was accepted; want, that it was accepted or sold out.
func (l *ledger) take(b *booking) { l.add(b, l.taken, l.peak, 1) }
func (l *ledger) want(b *booking) { l.add(b, l.wanted, l.crest, 1) }

// give notes that an accepted booking was cancelled; unwant, that one was cancelled which had been accepted or sold out.
func (l *ledger) give(b *booking)   { l.add(b, l.taken, l.peak, -1) }
func (l *ledger) unwant(b *booking) { l.add(b, l.wanted, l.crest, -1) }

func (l *ledger) add(b *booking, count, most []int, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from, to := l.span(b)
	for i := from; i < to; i++ {
		count[i] += n
		most[i] = max(most[i], count[i])
	}
}

// contended picks of a day's bookings those whose order matters: some night has not room for everybody who asks for it.
func (l *ledger) contended(bookings []*booking) map[*booking]bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	asked := map[int]int{}
	for _, b := range bookings {
		from, to := l.span(b)
		for n := from; n < to; n++ {
			asked[n]++
		}
	}
	found := map[*booking]bool{}
	for _, b := range bookings {
		from, to := l.span(b)
		for n := from; n < to; n++ {
			if l.taken[n]+asked[n] > l.limit {
				found[b] = true
				break
			}
		}
	}
	return found
}
