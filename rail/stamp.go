package rail

import "maps"

// firstInstant is the least stamp that is an instant: in microseconds since 1970 a day of 2001. Lower ones are counted.
const firstInstant = 1_000_000_000_000_000

// newer reports whether an update tells more than what is known of its run. Numbers of one sender say nothing about those
// of another, so a partner's stamp is compared with what it told itself; but what was issued before staff told something
// else has been overtaken. Staff who give no version have the last word.
func (u *RunUpdate) newer(known *Run) bool {
	told := known.Update
	switch {
	case u.Stamp == 0:
		return true
	case u.Source == "" || told == nil || len(told.Sources) == 0 && told.StaffAt == 0: // or it was stored before sources were
		return u.Stamp > known.Stamp
	case u.Stamp >= firstInstant && u.Stamp < told.StaffAt:
		return false
	default:
		return u.Stamp > told.Sources[u.Source]
	}
}

// after is the stamp of a run once the update is applied: it never falls. now is in microseconds.
func (u *RunUpdate) after(known, now int64) int64 {
	if u.Stamp == 0 {
		return max(now, known+1)
	}
	return max(known, u.Stamp)
}

// remember notes who told the update and when; before is what was told until now.
func (t *Update) remember(u *RunUpdate, before *Update, now int64) {
	t.keep(before)
	t.ChangedAt = max(now, t.ChangedAt+1)
	if u.Source == "" || u.Stamp == 0 {
		t.StaffAt = now
		return
	}
	if t.Sources = maps.Clone(t.Sources); t.Sources == nil {
		t.Sources = map[string]int64{}
	}
	t.Sources[u.Source] = u.Stamp
}

// keep takes over what is remembered of who told what.
func (t *Update) keep(before *Update) {
	if before != nil {
		t.Sources, t.StaffAt, t.ChangedAt = before.Sources, before.StaffAt, before.ChangedAt
	}
}

// changedAt is when how a run runs changed last, in microseconds; 0: not since it was put on sale.
func (r *Run) changedAt() int64 {
	if r == nil || r.Update == nil {
		return 0
	}
	return r.Update.ChangedAt
}
