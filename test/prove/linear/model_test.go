package linear

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

// kind is what an operation does.
type kind uint8

const (
	hold    kind = iota + 1 // place
	release                 // give an unpaid hold back
	begin                   // first step of paying: held -> confirming
	settle                  // second: confirming -> confirmed, held -> sold
	capture                 // third: the money is taken
	decline                 // second step of a payment that is declined: confirming -> rejected, the stock comes back
	quote                   // ask what cancelling gives back
	cancel                  // do it: sold -> free
	look                    // read the slots of the pool
	read                    // read a reservation
)

var kindText = [...]string{hold: "hold", release: "release", begin: "pay", settle: "settle", capture: "capture", decline: "decline", quote: "quote", cancel: "cancel", look: "slots", read: "read"}

// call is the input of an operation. An interval of nights belongs to a reservation for good.
type call struct {
	kind     kind
	pool     int
	process  int
	number   int // of the reservation, within its pool
	from, to int // its nights

	// after are reservations that were given back before this refusal could have become true, see allowStale.
	after []int
}

// counts are what the slots of a pool say.
type counts struct{ held, sold [slots]byte }

// answer is the output.
type answer struct {
	unknown bool   // nobody heard what became of the call
	refused string // the reason of a refusal; "" when it went through
	counts  counts // of look
	status  status // of read
}

// status of a reservation in the model.
type status byte

const (
	none status = iota
	held
	confirming
	capturing // confirmed, the money still on its way
	confirmed
	cancelled
	rejected
)

var statusText = [...]string{none: "-", held: "held", confirming: "confirming", capturing: "capturing", confirmed: "confirmed", cancelled: "cancelled", rejected: "rejected"}

// slots of a pool, and units on each.
const (
	slots    = 3
	capacity = 2
)

// state is one pool: held and sold of each slot, then the status of each reservation. It is a string because the
// checker compares and keeps states.
type state string

func newState(reservations int) state { return state(make([]byte, 2*slots+reservations)) }

func (s state) status(number int) status { return status(s[2*slots+number]) }

func (s state) counts() (c counts) {
	copy(c.held[:], s[:slots])
	copy(c.sold[:], s[slots:2*slots])
	return c
}

func (s state) free(c call) bool {
	for i := c.from; i < c.to; i++ {
		if s[i]+s[slots+i] >= capacity {
			return false
		}
	}
	return true
}

// with is s with a reservation in a new status and its nights counted otherwise.
func (s state) with(c call, to status, held, sold int) state {
	b := []byte(s)
	for i := c.from; i < c.to; i++ {
		b[i] += byte(held)
		b[slots+i] += byte(sold)
	}
	b[2*slots+c.number] = byte(to)
	return state(b)
}

// step is the whole specification. A call of unknown outcome may have happened or not: it has no end, so the checker
// may put it after everything else, where it harms nobody.
func (s state) step(c call, a answer) (bool, state) {
	now := s.status(c.number)
	if a.unknown {
		switch {
		case c.kind == hold && s.free(c):
			return true, s.with(c, held, +1, 0)
		case c.kind == release && now == held:
			return true, s.with(c, cancelled, -1, 0)
		}
		return true, s
	}
	if a.refused != "" {
		return s.refuses(c, a.refused, now), s
	}
	switch c.kind {
	case hold:
		return now == none && s.free(c), s.with(c, held, +1, 0)
	case release:
		if now == held {
			return true, s.with(c, cancelled, -1, 0)
		}
		return now == cancelled || now == rejected, s // once more changes nothing
	case begin:
		return now == held, s.with(c, confirming, 0, 0)
	case settle:
		return now == confirming, s.with(c, capturing, -1, +1)
	case capture:
		return now == capturing, s.with(c, confirmed, 0, 0)
	case decline:
		return now == confirming, s.with(c, rejected, -1, 0)
	case quote:
		return now == confirmed, s
	case cancel:
		if now == confirmed {
			return true, s.with(c, cancelled, 0, -1)
		}
		return now == cancelled, s // by another quote for the same: the same again
	case look:
		return s.counts() == a.counts, s
	case read:
		if now == capturing {
			now = confirmed
		}
		return now == a.status, s
	}
	return false, s
}

// refuses says whether a refusal is right in a state.
func (s state) refuses(c call, reason string, now status) bool {
	switch reason {
	case "sold_out":
		return c.kind == hold && !s.free(c) && !slices.ContainsFunc(c.after, func(n int) bool { return s.status(n) != cancelled && s.status(n) != rejected })
	case "payment_running":
		return now == confirming && (c.kind == begin || c.kind == release) || now == capturing && c.kind == quote
	case "not_payable":
		return c.kind == begin && now != held && now != confirming
	case "quote_required":
		return c.kind == release && (now == capturing || now == confirmed)
	case "not_cancellable": // a quote for what is not paid; a release of what was paid
		return c.kind == quote && now != capturing && now != confirmed || c.kind == release && now == cancelled
	}
	return false
}

// model is the specification in the form of the checker.
func model(reservations int) porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			pools := map[int][]porcupine.Operation{}
			for _, o := range history {
				pools[input(o).pool] = append(pools[input(o).pool], o)
			}
			var out [][]porcupine.Operation
			for _, o := range pools {
				out = append(out, o)
			}
			slices.SortFunc(out, func(a, b []porcupine.Operation) int { return cmp.Compare(input(a[0]).pool, input(b[0]).pool) })
			return out
		},
		Init: func() any { return newState(reservations) },
		Step: func(s, in, out any) (bool, any) {
			now, ok1 := s.(state)
			c, ok2 := in.(call)
			a, ok3 := out.(answer)
			if !ok1 || !ok2 || !ok3 {
				return false, s
			}
			return now.step(c, a)
		},
		DescribeOperation: func(in, out any) string {
			c, _ := in.(call)
			a, _ := out.(answer)
			return describe(c, a)
		},
		DescribeState: func(s any) string {
			now, _ := s.(state)
			return fmt.Sprintf("held %v sold %v", now.counts().held, now.counts().sold)
		},
	}
}

func input(o porcupine.Operation) call {
	c, ok := o.Input.(call)
	if !ok {
		panic(fmt.Sprintf("an operation with input %T", o.Input))
	}
	return c
}

func output(o porcupine.Operation) answer {
	a, ok := o.Output.(answer)
	if !ok {
		panic(fmt.Sprintf("an operation with output %T", o.Output))
	}
	return a
}

func describe(c call, a answer) string {
	var b strings.Builder
	fmt.Fprintf(&b, "process %d: %s", c.process, kindText[c.kind])
	if c.kind != look {
		fmt.Fprintf(&b, " #%d [%d, %d)", c.number, c.from, c.to)
	}
	switch {
	case a.unknown:
		b.WriteString(" -> ?")
	case a.refused != "":
		b.WriteString(" -> " + a.refused)
	case c.kind == look:
		fmt.Fprintf(&b, " -> held %v sold %v", a.counts.held, a.counts.sold)
	case c.kind == read:
		b.WriteString(" -> " + statusText[a.status])
	}
	return b.String()
}

// staleFor is how old the knowledge behind an early refusal may be (I8).
const staleFor = 50 * time.Millisecond

// forever is the end of a call that never came back.
const forever = math.MaxInt64

// allowStale makes room for the one staleness that is allowed, and for no more: a refusal as sold out may tell what was
// true up to 50 ms before it was asked for, but not from before the last time that its own process gave all those
// nights back. A process that is alone has no staleness at all: every release is its own.
func allowStale(history []porcupine.Operation, processes int) []porcupine.Operation {
	out := slices.Clone(history)
	if processes == 1 {
		return out
	}
	// Of several calls that gave one reservation back only one has changed anything, and nobody can say which.
	type key struct{ pool, number int }
	gave := map[key]int{}
	for _, o := range out {
		if c := input(o); c.gives() && output(o).refused == "" {
			gave[key{c.pool, c.number}]++
		}
	}
	for i, o := range out {
		c := input(o)
		if c.kind != hold || output(o).refused != "sold_out" {
			continue
		}
		earliest := o.Call - int64(staleFor)
		for _, f := range history {
			given := input(f)
			if given.drops() && output(f) == (answer{}) && gave[key{given.pool, given.number}] == 1 &&
				given.pool == c.pool && given.process == c.process && f.Return <= o.Call && given.from <= c.from && given.to >= c.to {
				earliest = max(earliest, f.Call)
				c.after = append(c.after, given.number)
			}
		}
		out[i].Call, out[i].Input = min(o.Call, earliest), c
	}
	return out
}

// gives reports whether the operation may give stock back.
func (c call) gives() bool { return c.kind == release || c.kind == cancel || c.kind == decline }

// drops reports whether the operation gives stock back over the desk of the process that was called; a payment may be
// driven to its end by another one.
func (c call) drops() bool { return c.kind == release || c.kind == cancel }
