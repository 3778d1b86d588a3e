package fare_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/flight/fare"
)

const hour = int64(3600)

// quote is what a traveller was shown.
type quote struct {
	at, minor, wanted int64
	told              int // how often the feed had said something
}

// The feed jumps up and down every hour or two for a month, and comes back to 18,000 now and then, at least twice a day.
// A traveller who looks every quarter of an hour sees the fall to 18,000 and never an increase, where the feed had hundreds. When
// the feed comes to rest higher up, the fare follows after a day.
func TestAFeedThatJumpsAndATravellerWhoNeverSeesAShortTermIncrease(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	p := fare.DefaultPublisher
	s := fare.Publish(20_000, 0)
	shown, wanted, low := s.Minor, s.Wanted, int64(0)
	next, rises, jumps := hour, 0, 0
	const month = 30 * 24 * hour
	for at := int64(0); at < month; at += hour / 4 {
		for ; next <= at; next += hour + r.Int64N(hour) {
			before := wanted
			if wanted = 18_000 + r.Int64N(7_000); next-low > 9*hour {
				wanted, low = 18_000, next
			}
			if wanted > before {
				jumps++
			}
			s = p.Want(s, wanted, next)
		}
		s = p.At(s, at)
		if s.Minor > shown {
			rises++
		}
		shown = s.Minor
	}
	t.Logf("the feed rose %d times", jumps)
	if rises != 0 || shown != 18_000 || jumps < 100 {
		t.Errorf("a traveller saw %d increases, and %d at the end, of a feed that rose %d times", rises, shown, jumps)
	}
	s = p.Want(s, 18_000, month)
	s = p.Want(s, 21_000, month+hour)
	s = p.Want(s, 22_000, month+2*hour)
	if early := p.At(s, month+24*hour); early.Minor > 18_000 {
		t.Errorf("within a day of a low of the feed the fare rose to %d", early.Minor)
	}
	if mid := p.At(s, month+25*hour); mid.Minor != 21_000 {
		t.Errorf("a day after the feed rose, and never fell below 21,000, the fare is %d", mid.Minor)
	}
	if late := p.At(s, month+49*hour); late.Minor != 22_000 {
		t.Errorf("two days after the feed came to rest at 22,000 the fare is %d", late.Minor)
	}
}

func TestPublisherStepByStep(t *testing.T) {
	p := fare.Publisher{Window: 24 * time.Hour, Settle: 6 * time.Hour}
	type step struct{ at, want, shown int64 } // hours; want 0: nothing new
	for name, steps := range map[string][]step{
		"a fall at once":                        {{1, 90, 90}, {2, 80, 80}},
		"a raise waits for the window":          {{1, 120, 100}, {23, 0, 100}, {24, 0, 120}},
		"a raise waits until it is believed":    {{30, 120, 100}, {35, 0, 100}, {36, 0, 120}},
		"a spike is not seen":                   {{30, 150, 100}, {33, 100, 100}, {90, 0, 100}},
		"a second raise waits for a window":     {{30, 120, 100}, {36, 0, 120}, {37, 140, 120}, {59, 0, 120}, {60, 0, 140}},
		"a dip that comes back stays a dip":     {{30, 80, 80}, {31, 100, 80}, {53, 0, 80}, {54, 0, 100}},
		"the lowest wanted while waiting":       {{30, 150, 100}, {32, 110, 100}, {34, 200, 100}, {36, 0, 110}, {59, 0, 110}, {60, 0, 200}},
		"a fall under a raise that waits":       {{30, 150, 100}, {31, 95, 95}, {32, 150, 95}, {54, 0, 95}, {55, 0, 150}},
		"asked late, it was due when it was":    {{30, 150, 100}, {90, 0, 150}, {91, 160, 150}, {96, 0, 150}, {97, 0, 160}},
		"a raise due before the next is wanted": {{30, 150, 100}, {90, 170, 150}, {95, 0, 150}, {96, 0, 170}},
		"back to what is published":             {{30, 150, 100}, {33, 100, 100}, {34, 150, 100}, {39, 0, 100}, {40, 0, 150}},
		"a clock that goes back stands still":   {{30, 90, 90}, {10, 120, 90}, {53, 0, 90}, {54, 0, 120}},
	} {
		s := fare.Publish(100, 0)
		for _, step := range steps {
			if step.want == 0 {
				s = p.At(s, step.at*hour)
			} else {
				s = p.Want(s, step.want, step.at*hour)
			}
			if s.Minor != step.shown {
				t.Errorf("%s: after %d hours %d is shown, want %d (%+v)", name, step.at, s.Minor, step.shown, s)
			}
		}
	}
}

// Without bounds the published fare is the wanted one.
func TestPublisherWithoutBounds(t *testing.T) {
	s := fare.Publish(100, 0)
	for at, want := range []int64{90, 120, 80, 200} {
		if s = (fare.Publisher{}).Want(s, want, int64(at)); s.Minor != want || s.Wanted != want {
			t.Fatalf("%d is wanted and %d published", want, s.Minor)
		}
	}
}

// Any feed, looked at in any moments:
// it never shows more than the feed wants; it rises at most once in any Window and no sooner than a Window after a fall; what it rises
// to, the feed has wanted at least, all through the last Settle; what is stored survives being stored at any time; and
// once the feed rests it is reached within twice the longer bound.
func TestPublisherProperties(t *testing.T) {
	rises := 0
	rapid.Check(t, func(t *rapid.T) {
		window, settle := rapid.Int64Range(0, 30).Draw(t, "window"), rapid.Int64Range(0, 30).Draw(t, "settle")
		p := fare.Publisher{Window: time.Duration(window) * time.Second, Settle: time.Duration(settle) * time.Second}
		now := int64(1000)
		s := fare.Publish(rapid.Int64Range(1, 20).Draw(t, "first"), now)
		feed := []quote{{at: now, wanted: s.Wanted}} // what was wanted since when
		history := []quote{{at: now, minor: s.Minor}}
		record := func() {
			if s.Minor > s.Wanted {
				t.Fatalf("%d is published, %d wanted", s.Minor, s.Wanted)
			}
			if last := history[len(history)-1]; s.Minor != last.minor {
				history = append(history, quote{at: now, minor: s.Minor, told: len(feed)})
			}
		}
		// By the second, so that every change is seen; asking seldom must end in the same state.
		advance := func(seconds int64) {
			seldom := p.At(s, now+seconds)
			for range seconds {
				now++
				s = p.At(s, now)
				record()
			}
			if s != seldom {
				t.Fatalf("asked each second %+v, asked once %+v", s, seldom)
			}
		}
		for range rapid.IntRange(0, 40).Draw(t, "steps") {
			advance(rapid.Int64Range(0, 20).Draw(t, "wait"))
			wanted := rapid.Int64Range(1, 20).Draw(t, "wanted")
			s = p.Want(s, wanted, now)
			feed = append(feed, quote{at: now, wanted: wanted})
			if s.Wanted != wanted {
				t.Fatalf("%d was wanted, and is forgotten", wanted)
			}
			record()
		}
		for i := 1; i < len(history); i++ {
			if history[i].minor < history[i-1].minor {
				continue
			}
			rises++
			at := history[i].at
			if at-history[i-1].at < window {
				t.Fatalf("it rises after %d s, the window is %d (%v)", at-history[i-1].at, window, history)
			}
			for j, f := range feed[:history[i].told] { // f held from its time to the next one's
				until := at
				if j+1 < history[i].told {
					until = feed[j+1].at
				}
				if until > at-settle && until > f.at && f.wanted < history[i].minor {
					t.Fatalf("at %d it rises to %d, but %d was wanted from %d to %d; settle is %d", at, history[i].minor, f.wanted, f.at, until, settle)
				}
			}
		}
		advance(2 * max(window, settle))
		if s.Minor != s.Wanted {
			t.Fatalf("the feed rests at %d, %d is published: %+v", s.Wanted, s.Minor, s)
		}
		if _, ok := p.Next(s); ok {
			t.Fatal("at rest, and something is due")
		}
	})
	if rises == 0 {
		t.Error("no feed made a fare rise: nothing was tested")
	}
}

// In a history of changes a rise counts once for every window it lies in: at most one.
func TestPublisherRisesOnceInAnyWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := fare.Publisher{Window: 10 * time.Second, Settle: time.Duration(rapid.Int64Range(0, 3).Draw(t, "settle")) * time.Second}
		s := fare.Publish(50, 0)
		var rises []int64
		for at := int64(1); at < 200; at++ {
			before := s.Minor
			if rapid.Bool().Draw(t, "new") {
				s = p.Want(s, rapid.Int64Range(1, 100).Draw(t, "wanted"), at)
			}
			if s = p.At(s, at); s.Minor > before {
				rises = append(rises, at)
			}
		}
		for start := range int64(200) {
			in := slices.DeleteFunc(slices.Clone(rises), func(at int64) bool { return at < start || at >= start+10 })
			if len(in) > 1 {
				t.Fatalf("it rises at %v, in ten seconds", in)
			}
		}
	})
}
