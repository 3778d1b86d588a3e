package flight

import "maps"

// Words are ordered by stamps, and a stamp means something among those of one source alone: one partner numbers what it
// sends, another one says when it was issued. What sources say in turn is taken as it comes. Staff, and whoever gives no
// source, are compared with stamps of their kind.

// Numbered is where stamps begin that are numbers of a sender. Below are microseconds since 1970.
const Numbered = 1 << 62

// notAfter says whether a word's stamp is not after a known one. Without a source only stamps of one kind can be compared.
func notAfter(source string, stamp, known int64) bool {
	return known != 0 && stamp <= known && (source != "" || (stamp >= Numbered) == (known >= Numbered))
}

// next is the stamp of a word that staff give none: it is newer than all that is known.
func nextStamp(now int64, known ...int64) int64 {
	for _, k := range known {
		now = max(now, k+1)
	}
	return now
}

// seenOf is what was heard of all sources but one, of a word and those before it.
func seenOf(before map[string]int64, source string, stamp int64, but string) map[string]int64 {
	if source == but && before[but] == 0 {
		return before
	}
	out := maps.Clone(before)
	if out == nil {
		out = map[string]int64{}
	}
	if source != but {
		out[source] = max(out[source], stamp)
	}
	delete(out, but)
	if len(out) == 0 {
		return nil
	}
	return out
}

// known is the newest stamp of a source; 0 for none.
func (l *Live) known(source string) int64 {
	if l.Source == source {
		return l.Stamp
	}
	return l.Seen[source]
}

// ofPlan says that it is what a timetable told, and not an update.
func (l *Live) ofPlan() bool { return l != nil && l.Plan != 0 && l.Stamp == l.Plan }

// older says whether an update says nothing new of a departure: its source told something newer, or the timetable did. Of
// two words of one stamp the first that came holds.
func (d *Departure) older(source string, stamp int64) bool {
	l := d.Live
	if l == nil {
		return false
	}
	return (source == "" || source == d.Feed) && len(d.Legs) > 0 && notAfter(source, stamp, l.Plan) || !l.ofPlan() && notAfter(source, stamp, l.known(source)) ||
		l.ofPlan() && notAfter(source, stamp, l.Seen[source])
}

// follow makes a word the one that comes after another one.
func (l *Live) follow(before *Live, now int64) *Live {
	l.At = now
	if before != nil {
		l.Plan, l.Seen = before.Plan, before.Seen
		if !before.ofPlan() {
			l.Seen = seenOf(before.Seen, before.Source, before.Stamp, l.Source)
		} else if before.Seen[l.Source] != 0 {
			l.Seen = seenOf(before.Seen, l.Source, 0, l.Source)
		}
	}
	return l
}

// planned is the word on a departure after a timetable: told is what its row says beyond the plan, changed that the plan
// is another one than before, or new.
func (old *Departure) planned(told *Live, changed bool, feed string, stamp, now int64) *Live {
	var before *Live
	if old != nil {
		before = old.Live
	}
	update := before != nil && !before.ofPlan()
	newer := update && !notAfter(feedSource(before.Source, feed), before.Stamp, stamp) && (before.Source == "" || before.Source == feed)
	switch {
	case told == nil && !changed && (update || before == nil || before.says(nil)):
		return before // it repeats what was known
	case !changed && before.says(told):
		return before
	case newer:
		kept := *before
		kept.Plan = stamp
		return &kept
	}
	out := &Live{}
	if told != nil {
		*out = *told
	}
	out.Stamp, out.Plan, out.Source = stamp, stamp, feed
	if before != nil {
		out.At = now // what is new has nobody on it
		if out.Seen = before.Seen; update {
			out.Seen = seenOf(before.Seen, before.Source, before.Stamp, "\x00")
		}
	}
	return out
}

// feedSource is how stamps of a source compare with those of a feed.
func feedSource(source, feed string) string {
	if source == feed {
		return feed
	}
	return ""
}
