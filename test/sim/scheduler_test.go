package sim_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"holdfast/fault"
	"holdfast/uid"
)

// verdict is what becomes of a call that was let go.
type verdict uint8

const (
	pass     verdict = iota + 1
	fail             // an error; nothing was done
	cut              // the other side cannot be reached; nothing was done
	lost             // it never arrived, and the caller cannot know
	done             // it was done, and the caller cannot know
	twice            // it was delivered twice, one after the other
	conflict         // the store rolls back once and decides again
	full             // the disk is full
	perverse         // the provider refuses for good
	dead             // the process that made it has died
	lastOne
)

var verdictText = [...]string{pass: "", fail: "FAILS", cut: "CUT OFF", lost: "LOST", done: "ANSWER LOST", twice: "TWICE", conflict: "CONFLICT", full: "DISK FULL", perverse: "REFUSED", dead: "DEAD"}

// gate is a call that waits to be let go.
type gate struct {
	of     int    // the process that made it; 0: not of a process
	who    string // with id and where it stands, unique among those that wait
	id     []byte
	writes *store // which store it writes to
	fates  []verdict
	say    string
	let    chan verdict
}

// scheduler owns the order of everything.
type scheduler struct {
	rng    *rand.Rand
	faulty bool         // faults are drawn
	rates  [lastOne]int // per 1000 calls that may suffer it
	begin  time.Time

	mu      sync.Mutex
	process int // the one that runs
	waiting []*gate

	digest hash.Hash
	lines  []string
	nicks  map[uid.ID]string
	count  map[string]int
	steps  int
	seen   [lastOne]int
}

func newScheduler(seed uint64) *scheduler {
	s := &scheduler{
		rng:   rand.New(rand.NewPCG(seed, 77)),
		begin: time.Now(), digest: sha256.New(), nicks: map[uid.ID]string{}, count: map[string]int{},
	}
	// A seed is calm in some ways and wild in others.
	for v := range s.rates {
		s.rates[v] = []int{0, 10, 50, 150, 300}[s.rng.IntN(5)]
	}
	return s
}

// wait holds a call at its gate.
func (s *scheduler) wait(ctx context.Context, g *gate) verdict {
	g.let = make(chan verdict, 1)
	s.mu.Lock()
	if g.of != 0 && g.of != s.process {
		s.mu.Unlock()
		return dead
	}
	s.waiting = append(s.waiting, g)
	s.mu.Unlock()
	select {
	case v := <-g.let:
		return v
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(s.waiting, g); i >= 0 {
		s.waiting = slices.Delete(s.waiting, i, i+1)
		return cut
	}
	return <-g.let
}

// ready are the calls that can go on, in an order that does not depend on how they came.
func (s *scheduler) ready() []*gate {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*gate
	for _, g := range s.waiting {
		if g.writes == nil || !g.writes.busy {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b *gate) int { return cmp.Or(strings.Compare(a.who, b.who), bytes.Compare(a.id, b.id)) })
	return out
}

// let lets a call go and waits until everything rests again.
func (s *scheduler) let(g *gate, v verdict) {
	s.mu.Lock()
	s.waiting = slices.DeleteFunc(s.waiting, func(o *gate) bool { return o == g })
	s.mu.Unlock()
	s.seen[v]++
	s.trace("%s%s %s", g.who, s.nick(g.id), strings.TrimSpace(verdictText[v]+" "+g.say))
	g.let <- v
	s.rest()
}

// rest waits until nothing moves. The moment that passes keeps timers apart that are set one after the other: no two
// fire at the same instant.
func (s *scheduler) rest() {
	synctest.Wait()
	time.Sleep(time.Microsecond) //nolint:forbidigo // simulated time
	synctest.Wait()
}

// fate draws what becomes of a call.
func (s *scheduler) fate(g *gate) verdict {
	if !s.faulty || len(g.fates) == 0 {
		return pass
	}
	v := g.fates[s.rng.IntN(len(g.fates))]
	if s.rng.IntN(1000) < s.rates[v] {
		return v
	}
	return pass
}

// trace notes a line. Ids are shown by what they were first seen as, so that two runs can be compared.
func (s *scheduler) trace(format string, args ...any) {
	s.steps++
	line := fmt.Sprintf("%9.3fs ", time.Since(s.begin).Seconds()) + fmt.Sprintf(format, args...)
	fmt.Fprintln(s.digest, line)
	if s.lines = append(s.lines, line); len(s.lines) > 2*traceKept {
		s.lines = slices.Delete(s.lines, 0, traceKept)
	}
}

const traceKept = 400 // lines of a run that are kept to be shown

func (s *scheduler) sum() string { return hex.EncodeToString(s.digest.Sum(nil))[:16] }

// nick names an id by the order in which ids are seen.
func (s *scheduler) nick(id []byte) string {
	if len(id) < 16 {
		return ""
	}
	k := uid.ID(id[:16])
	if k.IsZero() {
		return ""
	}
	n, ok := s.nicks[k]
	if !ok {
		n = fmt.Sprintf(" #%d", len(s.nicks)+1)
		s.nicks[k] = n
	}
	return n
}

// kill ends the running process: whatever of it waits is told so, and nothing of it reaches the outside any more.
func (s *scheduler) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process++
	kept := s.waiting[:0]
	for _, g := range s.waiting {
		if g.of == 0 {
			kept = append(kept, g)
			continue
		}
		g.let <- dead
	}
	s.waiting = kept
}

func (s *scheduler) running() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

// errDead is what a dead process gets; nobody hears of it.
var errDead = fault.New(fault.Unavailable, "dead", "the simulation killed this process")

// one draws an element.
func one[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }
