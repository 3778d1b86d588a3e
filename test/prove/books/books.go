// Package books reads what a run has left in the tables of a store and says what is wrong with it. It shares no code
// with the engines and the rules: it adds up the rows itself, as an auditor from outside would.
//
// What is checked (Findings): 0 <= held + sold <= limit on every slot, the limit is what target and claims make it, and
// held and sold equal the sums of the claims of live reservations (I1); no version of a slot is missing in the events or
// there twice, and none claims more than the one before although that is closed or at its target (I1, I7); what was
// acknowledged is there, once, whole, in a state it may have come to (I2, I3); nothing is there that nobody asked for;
// callers are counted with the holds they have; history is numbered without gaps, as are the streams (I7, I11); no unit is
// sold twice on a slot, masks are claims and what is blocked, and the counters follow the units (I1).
package books

import (
	"fmt"
	"slices"

	"holdfast/uid"
)

// Key names a slot.
type Key struct{ Pool, Slot int64 }

// Slot is a row of stock, or what an event said it was.
type Slot struct {
	Target, Limit, Held, Sold, Version int64
	Closed                             bool
}

func (s Slot) claimed() int64 { return s.Held + s.Sold }

// Claim is a row of claims with the status of its item.
type Claim struct {
	Reservation           uid.ID
	Caller                string
	Pool, From, To, Count int64
	Life                  int64 // 1 held, 2 sold, 3 counts nowhere
	Status                int64 // of its item
	Unit                  int64 // 0: none
}

// Reservation is a row of reservations with what belongs to it.
type Reservation struct {
	Status, Version               int64
	Items, Travellers, Lines      int64 // Lines are those in the lists of suppliers
	Entries, Last                 int64 // Last is the highest version in history
	Events, Claims, PlacedEntries int64
}

// Stream is an outbox stream.
type Stream struct{ First, Last, Events int64 }

// Count is how many live unpaid holds, and units of them, a caller is counted with in a pool.
type Count struct{ Holds, Units int64 }

// CountKey names them.
type CountKey struct {
	Caller string
	Pool   int64
}

// Books are the rows of a store.
type Books struct {
	Slots        map[Key]Slot
	Changes      map[Key][]Slot // what events told of a slot, in the order of their versions; nil: there are no events
	Claims       []Claim
	Reservations map[uid.ID]*Reservation
	Counts       map[CountKey]Count // nil: there are none
	Streams      map[int64]Stream
	Seats        *Seats // nil: there are none
}

// Statuses of reservations and items, as stored.
const (
	Held, Confirming, Confirmed, Completed, Expired, Rejected, Cancelled = 1, 2, 3, 4, 5, 6, 7
)

// Ack is one reservation that somebody was told of.
type Ack struct {
	ID  uid.ID
	May []int64 // the statuses it may have by now
}

// Expect is what the run was told.
type Expect struct {
	Acks    []Ack
	Unknown int   // calls without an answer: so many reservations more may be there
	Most    int64 // what no slot may ever have claimed more of; 0: not known
}

// maxFindings bounds the list.
const maxFindings = 40

type findings []string

func (f *findings) add(format string, args ...any) {
	if len(*f) < maxFindings {
		*f = append(*f, fmt.Sprintf(format, args...))
	}
}

// Findings is everything that is wrong; nil when nothing is.
func (b *Books) Findings(want Expect) []string {
	var f findings
	b.stock(&f, want.Most)
	b.changes(&f)
	b.reservations(&f, want)
	b.counts(&f)
	b.seats(&f)
	for id, s := range b.Streams {
		if s.First != 1 || s.Last != s.Events {
			f.add("stream %d: %d events numbered %d to %d", id, s.Events, s.First, s.Last)
		}
	}
	slices.Sort(f)
	return f
}

// stock compares every slot with the sum of the claims on it.
func (b *Books) stock(f *findings, most int64) {
	type sum struct{ held, sold int64 }
	sums := map[Key]sum{}
	for _, c := range b.Claims {
		for slot := c.From; slot < c.To; slot++ {
			k := Key{c.Pool, slot}
			s := sums[k]
			switch c.Life {
			case 1:
				s.held += c.Count
			case 2:
				s.sold += c.Count
			}
			sums[k] = s
		}
	}
	for k, s := range b.Slots {
		got := sums[k]
		delete(sums, k)
		if s.Held < 0 || s.Sold < 0 || s.claimed() > s.Limit {
			f.add("pool %d slot %d: %d held and %d sold of %d", k.Pool, k.Slot, s.Held, s.Sold, s.Limit)
		}
		if s.Limit != max(s.Target, s.claimed()) {
			f.add("pool %d slot %d: limit %d with target %d and %d claimed", k.Pool, k.Slot, s.Limit, s.Target, s.claimed())
		}
		if got.held != s.Held || got.sold != s.Sold {
			f.add("pool %d slot %d: counts %d held and %d sold, its claims add up to %d and %d", k.Pool, k.Slot, s.Held, s.Sold, got.held, got.sold)
		}
		if n := got.held + got.sold; most > 0 && n > most {
			f.add("pool %d slot %d: claimed %d times, there never were more than %d", k.Pool, k.Slot, n, most)
		}
	}
	for k, s := range sums {
		if s.held+s.sold > 0 {
			f.add("pool %d slot %d: claimed %d times and does not exist", k.Pool, k.Slot, s.held+s.sold)
		}
	}
}

// changes walks the versions of every slot as the events told them. Between two versions lies one batch, in which staff
// may have moved the target down after a sale: so the higher of the two targets is what counts, and a slot is only
// taken as closed if it was before and is afterwards.
func (b *Books) changes(f *findings) {
	if b.Changes == nil {
		return
	}
	for k, s := range b.Slots {
		told := b.Changes[k]
		if len(told) == 0 || told[len(told)-1] != s {
			f.add("pool %d slot %d: the last event does not tell its state %+v", k.Pool, k.Slot, s)
			continue
		}
		for i, now := range told {
			if now.Version != int64(i+1) {
				f.add("pool %d slot %d: event %d tells version %d", k.Pool, k.Slot, i+1, now.Version)
				break
			}
			if i == 0 || now.claimed() <= told[i-1].claimed() {
				continue
			}
			before := told[i-1]
			if now.claimed() > max(before.Target, now.Target) {
				f.add("pool %d slot %d version %d: claims went from %d to %d with a target of %d", k.Pool, k.Slot, now.Version, before.claimed(), now.claimed(), max(before.Target, now.Target))
			}
			if before.Closed && now.Closed {
				f.add("pool %d slot %d version %d: claims went from %d to %d while it was closed", k.Pool, k.Slot, now.Version, before.claimed(), now.claimed())
			}
		}
	}
}

// lives is what the claims of an item in a status count as.
var lives = map[int64]int64{Held: 1, Confirming: 1, Confirmed: 2, Completed: 2, Expired: 3, Rejected: 3, Cancelled: 3}

func (b *Books) reservations(f *findings, want Expect) {
	for _, c := range b.Claims {
		if c.Life != lives[c.Status] {
			f.add("reservation %s: an item of status %d has claims of life %d", c.Reservation.Text("res"), c.Status, c.Life)
		}
	}
	told := map[uid.ID]bool{}
	for _, a := range want.Acks {
		name := a.ID.Text("res")
		if told[a.ID] {
			f.add("reservation %s was given to two requests", name)
		}
		told[a.ID] = true
		r := b.Reservations[a.ID]
		if r == nil {
			f.add("reservation %s was acknowledged and is not there", name)
			continue
		}
		if !slices.Contains(a.May, r.Status) {
			f.add("reservation %s has status %d; what its caller was told allows %v", name, r.Status, a.May)
		}
	}
	untold := 0
	for id, r := range b.Reservations {
		if !told[id] {
			untold++
		}
		if r.Items == 0 || r.Travellers == 0 || r.Lines == 0 || r.Claims == 0 {
			f.add("reservation %s is not whole: %d items, %d travellers, %d lines of suppliers, %d claims", id.Text("res"), r.Items, r.Travellers, r.Lines, r.Claims)
		}
		if r.Entries != r.Version || r.Last != r.Version || r.Events != r.Version || r.PlacedEntries != 1 {
			f.add("reservation %s: version %d with %d history entries up to %d and %d events, placed %d times", id.Text("res"), r.Version, r.Entries, r.Last, r.Events, r.PlacedEntries)
		}
	}
	if untold > want.Unknown {
		f.add("%d reservations were made for nobody; %d calls ended without an answer", untold, want.Unknown)
	}
}

// counts compares what callers are counted with and what they hold.
func (b *Books) counts(f *findings) {
	if b.Counts == nil {
		return
	}
	type one struct {
		reservation uid.ID
		pool        int64
	}
	held, seen := map[CountKey]Count{}, map[one]bool{}
	for _, c := range b.Claims {
		if c.Life != 1 {
			continue
		}
		k := CountKey{c.Caller, c.Pool}
		n := held[k]
		if n.Units += c.Count; !seen[one{c.Reservation, c.Pool}] {
			seen[one{c.Reservation, c.Pool}] = true
			n.Holds++
		}
		held[k] = n
	}
	for k, n := range b.Counts {
		if held[k] != n {
			f.add("%s holds %+v in pool %d and is counted with %+v", k.Caller, held[k], k.Pool, n)
		}
		delete(held, k)
	}
	for k, n := range held {
		f.add("%s holds %+v in pool %d and is not counted", k.Caller, n, k.Pool)
	}
}
