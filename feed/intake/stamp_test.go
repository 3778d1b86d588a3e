package intake

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"holdfast/uid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func TestParseStamp(t *testing.T) {
	for text, want := range map[string]Stamp{
		"": {}, "1": {Sequence: 1}, "9223372036854775807": {Sequence: 1<<63 - 1}, "2026-11-22T12:00:00Z": {At: noon}, "2026-11-22T13:00:00.5+01:00": {At: noon.Add(time.Second / 2)},
		"7 2026-11-22T12:00:00Z": {Sequence: 7, At: noon},
	} {
		if got, err := ParseStamp(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1", "+1", " 1", "1 ", "x", "9223372036854775808", "2026-11-22", "2026-11-22T12:00:00", "0001-01-01T00:00:00Z", "1 1", "1  2026-11-22T12:00:00Z", " "} {
		if got, err := ParseStamp(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

func TestCompareStamps(t *testing.T) {
	order := []Stamp{{}, {At: noon}, {At: noon.Add(1)}, {Sequence: 1}, {Sequence: 1, At: noon}, {Sequence: 2}, {Sequence: 2, At: noon}}
	for i, a := range order {
		for j, b := range order {
			if got := a.Compare(b); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%q to %q: %d", a, b, got)
			}
		}
	}
}

// FuzzParseStamp: a stamp has one meaning, and what it says of itself is read as it.
func FuzzParseStamp(f *testing.F) {
	f.Add("7 2026-11-22T12:00:00Z")
	f.Add("2026-11-22T12:00:00.123456789-23:59")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseStamp(text)
		if err != nil {
			return
		}
		if again, err := ParseStamp(s.String()); err != nil || again.Compare(s) != 0 || s.Sequence < 0 {
			t.Fatalf("%q is %+v, whose text %q is %+v, %v", text, s, s.String(), again, err)
		}
	})
}

func TestStampOfAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		header http.Header
		want   Stamp
	}{
		"nothing":        {http.Header{}, Stamp{At: noon}},
		"changed":        {http.Header{"Last-Modified": {"Sun, 22 Nov 2026 11:59:59 GMT"}}, Stamp{At: noon.Add(-time.Second)}},
		"in the future":  {http.Header{"Last-Modified": {"Sun, 22 Nov 2026 12:00:01 GMT"}}, Stamp{At: noon}},
		"nonsense":       {http.Header{"Last-Modified": {"yesterday"}, "Feed-Version": {"x"}}, Stamp{At: noon}},
		"says so itself": {http.Header{"Last-Modified": {"Sun, 22 Nov 2026 11:59:59 GMT"}, "Feed-Version": {"12"}}, Stamp{Sequence: 12}},
		"far ahead":      {http.Header{"Feed-Version": {"2027-11-22T12:00:00Z"}}, Stamp{At: noon}},
	} {
		if got := stampOf(c.header, noon); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// In each interval there is one due time, and those of many partners are spread over it.
func TestDueAfter(t *testing.T) {
	const partners, intervals = 300, 48
	buckets := make([]int, 12)
	for n := range partners {
		f := NewFeed(fmt.Sprintf("partner-%d", n), uid.New(), "x")
		at := noon
		for k := range intervals {
			due := f.dueAfter(at)
			if again := f.dueAfter(at); !again.Equal(due) || !due.After(at) {
				t.Fatalf("after %v: %v, then %v", at, due, again)
			}
			if hour := due.Truncate(time.Hour); k > 0 && !hour.Equal(at.Truncate(time.Hour).Add(time.Hour)) {
				t.Fatalf("after %v comes %v", at, due)
			}
			buckets[due.Sub(due.Truncate(time.Hour))/(5*time.Minute)]++
			at = due
		}
		f.Jitter = 0
		if due := f.dueAfter(noon); !due.Equal(noon.Add(time.Hour)) {
			t.Fatalf("without jitter it is due at %v", due)
		}
	}
	mean := partners * intervals / len(buckets)
	for n, got := range buckets {
		if got < mean*9/10 || got > mean*11/10 {
			t.Errorf("%d of %d pulls are in five minutes from :%02d, want about %d", got, partners*intervals, n*5, mean)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text string
		most int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "abc"}, {"aä", 2, "a"}, {"a\x00b\xffc", 9, "abc"}, {"ä", 0, ""}} {
		if got := cut(c.text, c.most); got != c.want {
			t.Errorf("%q to %d: %q, want %q", c.text, c.most, got, c.want)
		}
	}
}
