package fare

import "time"

// Publisher decides when a wanted fare becomes the published one. The rule:
//
//   - A fall is published at once.
//   - A raise is published when the published fare has stood for Window, and when a higher one has been wanted without
//     interruption for Settle. What is then published is the lowest fare wanted in that time. The rest
//     of a larger raise begins to wait from then on.
//
// So the published fare is never above the wanted one; it rises at most once in any Window; nobody who was shown a fare
// less than Settle ago is shown a higher one that the feed had not been asking for all along; an increase that
// lasts less than Settle is never seen; a dip that comes back within the window stays a dip for a whole Window. When
// the feed rests, the published fare is what it wants after at most twice the longer of the two.
type Publisher struct {
	Window time.Duration // 0: no bound
	Settle time.Duration // 0: a raise is believed at once
}

// DefaultPublisher is a day for both.
var DefaultPublisher = Publisher{Window: 24 * time.Hour, Settle: 24 * time.Hour}

// Published is the state of one fare: five integers to be stored with it. Times are Unix seconds; amounts are minor
// units. Make it with Publish.
type Published struct {
	Minor   int64 // what is published: the fare
	Wanted  int64 // what the feed last asked for; never below Minor
	Changed int64 // when Minor last changed
	Pending int64 // with Wanted above Minor: the lowest wanted since Since; else Minor
	Since   int64 // with Wanted above Minor: since when, without interruption
}

// Publish is a fare that is published for the first time, as wanted.
func Publish(minor, now int64) Published {
	return Published{Minor: minor, Wanted: minor, Changed: now, Pending: minor, Since: now}
}

// Want is the state after the feed asks for a fare at now. A clock that goes back is taken as standing still.
func (p Publisher) Want(s Published, minor, now int64) Published {
	now = max(now, s.Changed, s.Since)
	s = p.At(s, now)
	before := s.Wanted
	s.Wanted = minor
	switch {
	case minor < s.Minor:
		s.Minor, s.Pending, s.Changed = minor, minor, now
	case minor == s.Minor:
		s.Pending = minor
	case before == s.Minor: // it begins to wait
		s.Pending, s.Since = minor, now
	default:
		s.Pending = min(s.Pending, minor)
	}
	return p.At(s, now)
}

// At is the state at now when nothing new was wanted: raises that have become due are published, at the times when they
// became due. It may be asked whenever a fare is read; nobody has to be woken.
func (p Publisher) At(s Published, now int64) Published {
	for {
		due, ok := p.Next(s)
		if !ok || due > now {
			return s
		}
		s.Minor, s.Changed = s.Pending, due
		s.Pending, s.Since = s.Wanted, due
	}
}

// Next is when the published fare next rises if nothing else is wanted.
func (p Publisher) Next(s Published) (at int64, ok bool) {
	if s.Wanted <= s.Minor {
		return 0, false
	}
	return max(s.Changed+int64(p.Window/time.Second), s.Since+int64(p.Settle/time.Second)), true
}
