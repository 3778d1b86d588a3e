package hoteltest

import (
	"slices"
	"testing"
	"time"

	"holdfast/civil"
	"holdfast/hotel"
	"holdfast/uid"
)

type hotelDate = civil.Date

// queue stores a command for a house and returns it as it will be claimed.
func queue(t *testing.T, s hotel.Store, h *hotel.House, cmd hotel.Command, wait time.Duration) hotel.Command {
	t.Helper()
	cmd.Hotel = h.Hotel.ID
	w := hotel.Write{ID: uid.New(), Houses: []hotel.HouseChange{{House: h, Replaces: h.Revision}}, Commands: []hotel.Command{cmd}, Wait: wait}
	cmd.Change = must[int64](t)(s.Write(t.Context(), w))
	return cmd
}

func claim(t *testing.T, s hotel.Store, owner string, lease time.Duration, hotels ...uid.ID) ([]hotel.Command, int) {
	t.Helper()
	first, busy, err := s.Claim(t.Context(), owner, lease, hotels)
	if err != nil {
		t.Fatal(err)
	}
	return first, busy
}

func done(t *testing.T, s hotel.Store, cmd hotel.Command) {
	t.Helper()
	must[int64](t)(s.Write(t.Context(), hotel.Write{ID: uid.New(), Done: []hotel.CommandID{{Hotel: cmd.Hotel, Change: cmd.Change}}}))
}

func storeCommands(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	a, b, idle := plain(), plain(), plain()
	write(t, s, whole(a), whole(b), whole(idle))
	ref := uid.New()
	commands := []hotel.Command{
		queue(t, s, a, hotel.Command{Define: []hotel.PoolWant{{Ref: ref, Physical: 3, OverbookingBP: -1, From: 20000, To: 20730}}, NightsTo: 20730}, 0),
		queue(t, s, a, hotel.Command{
			Set: []hotel.StockWant{
				{Ref: ref, From: 1, To: 2, Physical: ptr[int32](0), OutOfOrder: ptr[int32](1), OverbookingBP: ptr[int32](2), Target: ptr[int32](3), Closed: ptr(false), Default: true},
				{Ref: ref, From: 2, To: 3, Closed: ptr(true)},
			},
			Undo: []hotel.TypeBefore{{RoomType: ref, Capacity: 4, OverbookingBP: ptr[int32](5), From: 6, To: 7, Restrictions: hotel.Line[hotel.Restriction]{{From: 6, To: 7, Value: 2}}}},
		}, 0),
		queue(t, s, a, hotel.Command{Retire: &hotel.Retirement{Refs: []uid.ID{ref, a.Hotel.ID}, From: 20001}}, 0),
	}
	other := queue(t, s, b, hotel.Command{NightsTo: 9}, 0)

	for i, want := range commands {
		first, busy := claim(t, s, "me", time.Hour, a.Hotel.ID, idle.Hotel.ID)
		if busy != 0 {
			t.Fatalf("%d queues are busy", busy)
		}
		same(t, "first command", first, []hotel.Command{want})
		if again, _ := claim(t, s, "me", time.Hour, a.Hotel.ID); len(again) != 1 || again[0].Change != want.Change {
			t.Fatalf("command %d is gone before it is done: %v", i, again)
		}
		done(t, s, want)
		done(t, s, want) // gone already: no error
	}
	if first, busy := claim(t, s, "me", time.Hour, a.Hotel.ID); len(first) != 0 || busy != 0 {
		t.Fatalf("an empty queue gives %v, busy %d", first, busy)
	}
	first, _ := claim(t, s, "me", time.Hour, a.Hotel.ID, b.Hotel.ID)
	same(t, "the other hotel's command", first, []hotel.Command{other})
}

func storeLeases(t *testing.T, store func() hotel.Store) {
	s := opened(t, store)
	h := plain()
	write(t, s, whole(h))
	id := h.Hotel.ID
	waiting := func(all bool) bool {
		t.Helper()
		return slices.Contains(must[[]uid.ID](t)(s.Waiting(t.Context(), all, 10)), id)
	}
	cmd := queue(t, s, h, hotel.Command{NightsTo: 1}, time.Hour)
	if waiting(false) || !waiting(true) {
		t.Error("a fresh command is its writer's: the jobs see it only when they look at all")
	}
	if first, busy := claim(t, s, "a", time.Hour, id); len(first) != 1 || busy != 0 {
		t.Fatalf("its writer cannot claim it: %v, busy %d", first, busy)
	}
	if first, busy := claim(t, s, "b", time.Hour, id); len(first) != 0 || busy != 1 {
		t.Fatalf("another one gets %v, busy %d while the lease lasts", first, busy)
	}
	if waiting(false) || !waiting(true) {
		t.Error("a queue that somebody works on is not for the jobs, but there")
	}
	// Postponing is for its owner.
	if err := s.Postpone(t.Context(), "b", []uid.ID{id}, 0); err != nil {
		t.Fatal(err)
	}
	if _, busy := claim(t, s, "b", time.Hour, id); busy != 1 {
		t.Error("somebody else gave the queue up")
	}
	if err := s.Postpone(t.Context(), "a", []uid.ID{id}, time.Hour); err != nil {
		t.Fatal(err)
	}
	if waiting(false) || !waiting(true) {
		t.Error("a postponed queue waits for its next try")
	}
	// An owner whose lease has ended loses the queue.
	if first, _ := claim(t, s, "b", -time.Second, id); len(first) != 1 {
		t.Fatal("a postponed queue cannot be claimed by name")
	}
	if !waiting(false) {
		t.Error("a queue whose lease has ended does not show")
	}
	if first, _ := claim(t, s, "a", time.Hour, id); len(first) != 1 {
		t.Error("a queue whose lease has ended cannot be taken over")
	}
	done(t, s, cmd)
	if waiting(true) {
		t.Error("an empty queue is waiting")
	}
	// A later command finds the queue as it would a new one.
	queue(t, s, h, hotel.Command{NightsTo: 2}, -time.Second)
	if !waiting(false) {
		t.Error("a command that is left to the jobs does not show")
	}
}
