package reservation

import (
	"sync"
	"time"

	"holdfast/stock"
	"holdfast/uid"
)

// early turns away requests that cannot succeed before they reach the desk: it remembers, for a short time, slots of
// which the desk found too few free. It can never hide stock that came back: a release in this process drops what was
// remembered before the release is answered, and nothing is believed longer than the bound; then one request probes
// the desk while the others wait for what it learns.
type early struct {
	believeFor time.Duration
	shards     [64]earlyShard
}

type earlyShard struct {
	mu   sync.Mutex
	seen map[stock.Key]*belief
}

// belief is that at most free units of a slot are left.
type belief struct {
	free  int32
	token *noteToken    // of the batch that found it; not believed before that batch has committed
	until time.Time     // zero until believed
	probe chan struct{} // closed when the request that probes has its answer; nil for none
}

// noteToken marks what one batch found, and when: it was true while the batch held its locks, so the time for which it
// is believed counts from there, however long the commit takes to answer.
type noteToken struct {
	keys []stock.Key
	at   time.Time
}

const (
	earlyShardMax = 4096 // beliefs a shard keeps; more are simply not remembered
	evictLooks    = 16   // how many a full shard looks at to find one that is over
)

func newEarly(believeFor time.Duration) *early {
	e := &early{believeFor: believeFor}
	for i := range e.shards {
		e.shards[i].seen = map[stock.Key]*belief{}
	}
	return e
}

func (e *early) shard(k stock.Key) *earlyShard {
	return &e.shards[(uint64(k.Pool)*0x9e3779b97f4a7c15+uint64(uint32(k.Slot))*0xc2b2ae3d27d4eb4f)>>58]
}

// note records what a batch found short, while it still holds the locks: whoever gives stock back afterwards commits
// after it and so finds the note to drop. It is not believed before believe.
func (e *early) note(shortages []shortage) *noteToken {
	if len(shortages) == 0 || e.believeFor <= 0 {
		return nil
	}
	t := &noteToken{at: time.Now()}
	for _, s := range shortages {
		sh := e.shard(s.key)
		sh.mu.Lock()
		if b := sh.seen[s.key]; b != nil {
			b.free, b.token, b.until = s.free, t, time.Time{}
			t.keys = append(t.keys, s.key)
		} else if len(sh.seen) < earlyShardMax || sh.evict(time.Now()) {
			sh.seen[s.key] = &belief{free: s.free, token: t}
			t.keys = append(t.keys, s.key)
		}
		sh.mu.Unlock()
	}
	return t
}

// evict makes room by forgetting what nobody has asked for since it stopped being believed; it looks at a few, as the map
// gives them. false: all of those are in use.
func (sh *earlyShard) evict(now time.Time) bool {
	looked := 0
	for k, b := range sh.seen {
		if b.probe == nil && !b.until.IsZero() && !now.Before(b.until) {
			delete(sh.seen, k)
			return true
		}
		if looked++; looked == evictLooks {
			break
		}
	}
	return false
}

// believe lets the notes of a committed batch hold, for what is left of their time.
func (e *early) believe(t *noteToken) {
	if t != nil {
		e.settle(t, t.at.Add(e.believeFor))
	}
}

// drop forgets the notes of a batch that did not commit: they may rest on what never happened.
func (e *early) drop(t *noteToken) { e.settle(t, time.Time{}) }

func (e *early) settle(t *noteToken, until time.Time) {
	if t == nil {
		return
	}
	for _, k := range t.keys {
		sh := e.shard(k)
		sh.mu.Lock()
		if b := sh.seen[k]; b != nil && b.token == t {
			if until.IsZero() {
				sh.forget(k, b)
			} else {
				b.until = until
			}
		}
		sh.mu.Unlock()
	}
}

// freed forgets what a commit has made untrue.
func (e *early) freed(rows []SlotRow) {
	for i := range rows {
		sh := e.shard(rows[i].Key)
		sh.mu.Lock()
		if b := sh.seen[rows[i].Key]; b != nil && rows[i].Free() > b.free {
			sh.forget(rows[i].Key, b)
		}
		sh.mu.Unlock()
	}
}

func (sh *earlyShard) forget(k stock.Key, b *belief) {
	delete(sh.seen, k)
	if b.probe != nil {
		close(b.probe)
		b.probe = nil
	}
}

// verdict is what early says of a request.
type verdict struct {
	refuse bool
	probe  *belief         // this request probes: call e.probed when it has its answer
	wait   <-chan struct{} // another one probes: ask again when it is closed
	key    stock.Key
}

// ask says whether a request for these demands is hopeless.
func (e *early) ask(demands []stock.Demand) verdict {
	if e.believeFor <= 0 {
		return verdict{}
	}
	now := time.Now()
	for _, d := range demands {
		sh := e.shard(d.Key)
		sh.mu.Lock()
		b := sh.seen[d.Key]
		if b == nil || b.free >= d.Count || b.until.IsZero() {
			sh.mu.Unlock()
			continue
		}
		var v verdict
		switch {
		case now.Before(b.until):
			v = verdict{refuse: true}
		case b.probe != nil:
			v = verdict{wait: b.probe}
		default:
			b.probe = make(chan struct{})
			v = verdict{probe: b, key: d.Key}
		}
		sh.mu.Unlock()
		return v
	}
	return verdict{}
}

// probed ends a probe, whatever it came to: its batch has renewed the belief, or it is forgotten.
func (e *early) probed(v verdict) {
	sh := e.shard(v.key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if v.probe.probe == nil {
		return // forgotten meanwhile, and those who waited told
	}
	close(v.probe.probe)
	v.probe.probe = nil
	if b := sh.seen[v.key]; b == v.probe && !time.Now().Before(b.until) {
		delete(sh.seen, v.key)
	}
}

// flying counts commands on the desk by idempotency key: a repeated call of one that is under way is never refused
// early, it waits for the first one's answer.
type flying struct {
	mu   sync.Mutex
	keys map[uid.ID]int
}

func newFlying() *flying { return &flying{keys: map[uid.ID]int{}} }

func (f *flying) add(id uid.ID) {
	f.mu.Lock()
	f.keys[id]++
	f.mu.Unlock()
}

func (f *flying) remove(id uid.ID) {
	f.mu.Lock()
	if f.keys[id]--; f.keys[id] == 0 {
		delete(f.keys, id)
	}
	f.mu.Unlock()
}

func (f *flying) has(id uid.ID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.keys[id] > 0
}
