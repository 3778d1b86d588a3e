package flight

import "maps"

// Words are ordered by stamps, and a stamp means something among those of one source alone: one partner numbers what it
// sends, another one says when it was issued. What several sources say is taken as it comes. Whoever gives no source is
// compared with stamps of the same kind. Staff who give no stamp have the last word until somebody says something new.

// Numbered is where stamps begin that are numbers of a sender. Below are microseconds since 1970.
const Numbered = 1 << 62

// alike says whether a stamp of a source says anything beside another one of it, or of a timetable.
func alike(source string, a, b int64) bool { return source != "" || (a >= Numbered) == (b >= Numbered) }

// notAfter says whether a stamp of a source is not after one that is known; 0: none is.
func notAfter(source string, stamp, known int64) bool {
	return known != 0 && stamp <= known && alike(source, stamp, known)
}

// nextStamp is the stamp of a word that came without one: it is newer than all that is known.
func nextStamp(now int64, known ...int64) int64 {
	for _, k := range known {
		now = max(now, k+1)
	}
	return now
}

// heard are the newest stamps by source, after another word.
func heard(before map[string]int64, source string, stamp int64) map[string]int64 {
	out := maps.Clone(before)
	if out == nil {
		out = map[string]int64{}
	}
	out[source] = max(out[source], stamp)
	return out
}

// ofPlan says that it is what a timetable told, and not an update.
func (l *Live) ofPlan() bool { return l.Plan != 0 && l.Stamp == l.Plan && l.Source == "" }

// heard are the newest stamps by source, its own among them.
func (l *Live) heard() map[string]int64 {
	if l.ofPlan() {
		return l.Seen
	}
	return heard(l.Seen, l.Source, l.Stamp)
}

// known is the newest stamp of a source; 0 for none.
func (l *Live) known(source string) int64 {
	if l.Source == source && !l.ofPlan() {
		return l.Stamp
	}
	return l.Seen[source]
}

// older says whether an update says nothing new of a departure: its source told something newer, or the timetable did. Of
// two words of one stamp the first that came holds.
func (d *Departure) older(source string, stamp int64) bool {
	l := d.Live
	return l != nil && ((source == "" || source == d.Feed) && len(d.Legs) > 0 && notAfter(source, stamp, l.Plan) || notAfter(source, stamp, l.known(source)))
}

// follow makes a word the one that comes after another one; nil for none.
func (l *Live) follow(before *Live, now int64) *Live {
	if l.At = now; before != nil {
		l.Plan, l.Seen = before.Plan, before.Seen
		if before.Source != l.Source && !before.ofPlan() {
			l.Seen = before.heard()
		}
	}
	return l
}

// planned is the word on a departure after a timetable has told it: row is what its row says beyond the plan, changed that
// the plan is new or another one than before. A timetable that repeats what was known says nothing of the day itself.
func (d *Departure) planned(row *Live, changed bool, feed string, stamp, now int64) *Live {
	if d == nil {
		d = &Departure{}
	}
	before, out := d.Live, &Live{}
	if row != nil {
		*out = *row
	}
	out.Stamp, out.Plan = stamp, stamp
	if before == nil {
		if !changed && row == nil {
			return nil
		}
		return out
	}
	update := !before.ofPlan()
	if !changed && (before.says(out) || row == nil && update) {
		return before
	}
	if update {
		same := (before.Source == "" || before.Source == feed) && alike(before.Source, before.Stamp, stamp)
		if same && before.Stamp > stamp || !same && len(d.Legs) == 0 { // what waited for a timetable holds
			kept := *before
			kept.Plan = stamp
			return &kept
		}
	}
	if out.Seen = before.heard(); len(d.Legs) > 0 { // nobody can have an offer of what is new
		out.At = now
	}
	return out
}
