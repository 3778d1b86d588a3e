package railtest

import (
	"context"
	"slices"
	"time"

	"holdfast/feed"
	"holdfast/rail"
	"holdfast/reservation"
)

// tell applies one update of ICE 1 tomorrow, in a process.
func (w *world) tell(c *rail.Core, u rail.RunUpdate) *rail.UpdateReport {
	w.t.Helper()
	u.Supplier, u.Date, u.Number = w.supplier, today+1, "ICE 1"
	r := must[*rail.UpdateReport](w.t)(c.Updates(w.t.Context(), w.staff, []rail.RunUpdate{u}))
	if len(r.Refused) != 0 {
		w.t.Fatalf("refused: %+v", r.Refused)
	}
	return r
}

// delayed is all of a train so many minutes late.
func delayed(minutes int32) []rail.CallDelay {
	return []rail.CallDelay{{Call: 0, Arrives: minutes * 60, Departs: minutes * 60}}
}

// wordsHaveSources tells of a train by staff and by partners who date or number what they say, and none of whom knows what
// the others said.
func wordsHaveSources(w *world) {
	w.load(lines(), w.options())
	const numbered = 1 << 62
	now := func() int64 { return w.clock.Now().UnixMicro() }
	for _, x := range []struct {
		what    string
		source  string
		stamp   int64
		cancels bool
		applies bool
	}{
		{"a partner dates its word", "dater", now(), false, true},
		{"staff know better, without a version", "", 0, true, true},
		{"the partner again, late", "dater", now(), false, false},
		{"the partner, of before staff spoke, though it never told that", "dater", now() + 1, false, false},
		{"the partner, of after staff spoke", "dater", now() + 2*time.Hour.Microseconds(), false, true},
		{"staff, although the partner's clock is ahead", "", 0, true, true},
		{"one who numbers", "counter", numbered + 7, false, true},
		{"staff, whatever the number", "", 0, true, true},
		{"staff, again", "", 0, true, true},
		{"the same number", "counter", numbered + 7, false, false},
		{"a lower number", "counter", numbered + 6, false, false},
		{"the next number, below what staff's word was stored with", "counter", numbered + 8, false, true},
		{"one who counts from 1", "small", 1, true, true},
		{"the one who dates, newer than its last", "dater", now() + 4*time.Hour.Microseconds(), false, true},
		{"the one who counts", "small", 2, true, true},
		{"staff with a version that is known", "", numbered + 8, false, false},
		{"staff with the next version", "", numbered + 10, false, true},
	} {
		w.clock.Advance(time.Minute)
		r := w.tell(w.core, rail.RunUpdate{Source: x.source, Stamp: x.stamp, Cancelled: x.cancels})
		if applied := r.Applied == 1 && r.Older == 0; applied != x.applies {
			w.t.Fatalf("%s: %+v, want applied %v", x.what, r, x.applies)
		}
		if state := w.run("ICE 1", today+1).State; x.applies && (state == rail.Cancelled) != x.cancels {
			w.t.Fatalf("%s: the train is %v", x.what, state)
		}
	}
}

// otherFeeds tells of one train in two timetables: there is one train, and one set of seats.
func otherFeeds(w *world) {
	first, second := w.options(), w.options()
	first.Feed, second.Feed = "timetable", "partner"
	w.load(lines(), first)
	again := lines()
	for i := range again.trains {
		again.trains[i].Key = "p" + again.trains[i].Key
		again.trains[i].Line = i + 2
	}
	r := w.load(again, second)
	if r.Applied || len(r.Refused) != len(again.trains) || r.Refused[0].Code != "other_feed" || r.Refused[0].Line == 0 {
		w.t.Errorf("%+v", r)
	}
	second.SkipRefused = true
	late := again.trains[0] // of the same number, but another train
	late.Key, late.Calls = "late", slices.Clone(late.Calls)
	for i := range late.Calls {
		late.Calls[i].Arrive, late.Calls[i].Depart = late.Calls[i].Arrive+3600, late.Calls[i].Depart+3600
	}
	before := again.trains[1] // on days that the other feed does not have
	before.Dates = days(today+27, 3)
	again.trains = []feed.Train{again.trains[2], late, before}
	if r := w.load(again, second); !r.Applied || r.Trains != (rail.Difference{Added: 2}) || len(r.Refused) != 1 {
		w.t.Errorf("%+v, refused %+v", r.Trains, r.Refused)
	}
	if n := len(w.runs("ICE 3")); n != 1 {
		w.t.Errorf("ICE 3 runs %d times", n)
	}
	if n := len(w.runs("ICE 1")); n != 2 {
		w.t.Errorf("two trains with the number ICE 1 run %d times", n)
	}
	f := lines()
	f.trains = slices.Delete(f.trains, 2, 3)
	first.Force = true
	w.load(f, first)
	if r := w.load(again, second); r.Trains.Added != 1 || len(r.Refused) != 0 || len(w.runs("ICE 3")) != 1 {
		w.t.Errorf("once the first feed has it no more: %+v, refused %+v", r.Trains, r.Refused)
	}
}

// keepsDelays moves the timetable of a train that is late.
func keepsDelays(w *world) {
	w.load(lines(), w.options())
	hanover := w.run("ICE 1", today+1).Calls[1]
	w.tell(w.core, rail.RunUpdate{Stamp: 1, Delays: delayed(10)})
	w.tell(w.core, rail.RunUpdate{Stamp: 2, Delays: delayed(10), Times: []rail.CallTime{{Call: 1, Departs: hanover.ScheduledDeparts.Add(25 * time.Minute)}}})
	far := rail.RunUpdate{Supplier: w.supplier, Number: "ICE 1", Date: today + 20, Stamp: 1, Delays: delayed(10), Skipped: []int{1}} // not on sale yet
	must[*rail.UpdateReport](w.t)(w.core.Updates(w.t.Context(), w.staff, []rail.RunUpdate{far}))
	late := func(number string, call int) time.Duration {
		c := w.run("ICE 1", today+1).Calls[call]
		return c.Departs.Sub(c.ScheduledDeparts)
	}
	f := lines()
	for i := range f.trains[0].Calls {
		f.trains[0].Calls[i].Arrive += 7200
		f.trains[0].Calls[i].Depart += 7200
	}
	for range 2 { // there, and read by the next process
		w.load(f, w.options())
		if a, b := late("ICE 1", 0), late("ICE 1", 1); a != 10*time.Minute || b != 25*time.Minute {
			w.t.Errorf("two hours later by the timetable it leaves %v and %v after that", a, b)
		}
		if err := w.core.Stop(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		w.core = w.start()
	}
	f.trains[0].Calls = slices.Insert(f.trains[0].Calls, 1, call("CEL", at(11, 0), at(11, 1))) // another way: calls are others
	w.load(f, w.options())
	for _, d := range []int{1, 20} {
		if d == 20 {
			w.clock.Advance(17 * 24 * time.Hour)
			if err := w.core.CatchUp(w.t.Context()); err != nil {
				w.t.Fatal(err)
			}
		}
		r := w.run("ICE 1", today.Add(d))
		for i, c := range r.Calls {
			if len(r.Calls) != 4 || c.Skipped || !c.Departs.Equal(c.ScheduledDeparts) || !c.Arrives.Equal(c.ScheduledArrives) || r.State != rail.Scheduled {
				w.t.Errorf("in %d days, by another way: %v, call %d %+v", d, r.State, i, c.CallTimes)
			}
		}
	}
}

// elsewhere is the desk of another process: what that remembers of changes is not known here, and telling fails.
type elsewhere struct{ *Faulty }

// Outdate implements reservation.Service.
func (elsewhere) Outdate(reservation.Disruption) {}

// Disrupt implements reservation.Service.
func (elsewhere) Disrupt(context.Context, reservation.Disruption) (int, error) { return 0, unavailable }

// refusesOldOffers changes a train after offers of it were made: what they promise is not sold any more, in whichever
// process, before and after it was told; what they promise still is.
func refusesOldOffers(w *world) {
	w.load(lines(), w.options())
	ctx := w.t.Context()
	offer := func() (all []string) {
		w.t.Helper()
		for _, r := range []rail.RideRequest{ride("ICE 1", today+1, "BER", "HAN"), ride("ICE 1", today+1, "HAN", "KOE"), ride("IC 2", today+1, "BER", "HAN")} {
			all = append(all, must[rail.JourneyProposal](w.t)(w.core.BestOffer(ctx, r)).Sealed)
		}
		return all
	}
	outcome := func(what string, sealed []string, sold ...bool) {
		w.t.Helper()
		for i, text := range sealed {
			r, err := w.place(text)
			if sold[i] && err != nil {
				w.t.Errorf("%s: offer %d: %v", what, i, err)
			} else if !sold[i] {
				if err == nil {
					w.t.Errorf("%s: offer %d is sold: %v", what, i, r.Items[0].Ride)
					continue
				}
				wantReason(w.t, err, "offer_outdated")
			}
		}
	}
	old := offer()
	w.clock.Advance(time.Minute)
	w.tell(w.core, rail.RunUpdate{Delays: delayed(-30)})
	outcome("half an hour early", old, false, false, true)
	old = offer()
	outcome("as it runs now", offer(), true, true, true)
	w.clock.Advance(time.Minute)
	w.desk.Fail(unavailable) // so that nobody is told who has a seat; those who have an offer need not wait for that
	other := w.startWith(elsewhere{w.desk})
	w.tell(other, rail.RunUpdate{Skipped: []int{1}})
	_ = w.core.CatchUp(ctx) // it reads what was told, and fails to tell
	outcome("it passes Hanover, another process was told", old, false, false, true)
	w.tell(w.core, rail.RunUpdate{})
	old = offer()
	if err := w.core.Stop(ctx); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	w.tell(other, rail.RunUpdate{Delays: delayed(5)})
	w.core = w.start()
	outcome("five minutes late, since before this process", old, false, false, true)
	old = offer()
	f := lines()
	f.trains[0].Calls[2] = call("KOE", at(12, 1), at(12, 1))
	w.load(f, w.options())
	outcome("a minute later in Cologne by the timetable", old, true, false, true)
}
