package result

import (
	"fmt"
	"io"
	"slices"
	"time"

	"holdfast/test/load/drive"
)

// Compare prints what two files have in common, line by line and cell by cell, with the ratio of the second to the first.
func Compare(out io.Writer, a, b *File) error {
	_, _ = fmt.Fprintf(out, "a: %s at %s on %d cores (%s)\nb: %s at %s on %d cores (%s)\n",
		a.Commit, a.At.Format(time.RFC3339), a.Machine.Cores, a.Machine.CPU, b.Commit, b.At.Format(time.RFC3339), b.Machine.Cores, b.Machine.CPU)
	if a.Machine.Cores != b.Machine.Cores || a.Machine.CPU != b.Machine.CPU {
		_, _ = fmt.Fprintln(out, "The machines differ: only the ratios to peers can be compared.")
	}
	common := 0
	for _, l := range a.Lines {
		at := slices.IndexFunc(b.Lines, func(o Line) bool { return o.Name == l.Name })
		if at < 0 {
			continue
		}
		o := b.Lines[at]
		common++
		text := fmt.Sprintf("%s ours a=%s b=%s b/a=%s", l.Name, short(l.Ours)+l.Unit, short(o.Ours)+o.Unit, ratio(o.Ours, l.Ours))
		if l.Ratio > 0 && o.Ratio > 0 {
			text += fmt.Sprintf(" to peer a=%.2f b=%.2f b/a=%s", l.Ratio, o.Ratio, ratio(o.Ratio, l.Ratio))
		}
		if l.OursCost != nil && o.OursCost != nil {
			text += fmt.Sprintf(" cpu a=%s b=%s", l.OursCost, o.OursCost)
		}
		_, _ = fmt.Fprintln(out, text)
	}
	for _, c := range a.Cells {
		at := slices.IndexFunc(b.Cells, func(o *Cell) bool { return o.Name == c.Name })
		if at < 0 {
			continue
		}
		for _, kind := range []string{"closed", "open"} {
			mine, theirs, err := both(c, b.Cells[at], kind)
			if err != nil {
				return err
			}
			if mine == nil || theirs == nil {
				continue
			}
			common++
			_, _ = fmt.Fprintf(out, "%s %s rate a=%s/s b=%s/s b/a=%s p50 b/a=%s p99 a=%v b=%v b/a=%s p99.9 b/a=%s\n", c.Name, kind,
				short(mine.rate), short(theirs.rate), ratio(theirs.rate, mine.rate), ratio(float64(theirs.P50), float64(mine.P50)), mine.P99, theirs.P99,
				ratio(float64(theirs.P99), float64(mine.P99)), ratio(float64(theirs.P999), float64(mine.P999)))
		}
	}
	if common == 0 {
		return fmt.Errorf("the files have nothing in common: %d and %d lines of other names", len(a.Lines), len(b.Lines))
	}
	return nil
}

// rounds are those of one kind: the median of their rates, and all their latencies together.
type rounds struct {
	rate float64
	drive.Summary
}

func both(a, b *Cell, kind string) (mine, theirs *rounds, err error) {
	if mine, err = a.rounds(kind); err == nil {
		theirs, err = b.rounds(kind)
	}
	return mine, theirs, err
}

func (c *Cell) rounds(kind string) (*rounds, error) {
	var rates []float64
	all := &drive.Histogram{}
	for _, r := range c.Rounds {
		if r.Kind != kind {
			continue
		}
		h, err := drive.Decode(r.Latency)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		all.Merge(h)
		rates = append(rates, r.Rate)
	}
	if len(rates) == 0 {
		return nil, nil
	}
	slices.Sort(rates)
	return &rounds{rates[len(rates)/2], all.Summary()}, nil
}

func short(v float64) string { return fmt.Sprintf("%.4g", v) }

func ratio(b, a float64) string {
	if a == 0 {
		return "none"
	}
	return fmt.Sprintf("%.2f", b/a)
}
