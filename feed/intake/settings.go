package intake

import (
	"errors"
	"time"
)

// Settings are the numbers a deployment may change.
type Settings struct {
	AtOnce     int   // pulls of this process at the same time
	PushAtOnce int   // pushes of this process at the same time; more are turned away
	MaxBody    int64 // bytes of a delivery, unpacked from the transfer
	MaxKept    int64 // bytes of all deliveries that wait for a human together
	KeepRuns   int   // runs kept of each feed

	Tries        int           // of one pull
	FirstWait    time.Duration // before the second try; each further wait is twice as long
	PullTime     time.Duration // one try may take, answer and body
	SilentTime   time.Duration // a partner may say nothing, before the answer and within the body
	ApplyTime    time.Duration // applying may take
	BreakerAfter int           // failed tries in a row after which a partner is left alone
	BreakerRest  time.Duration // how long
	PushWait     time.Duration // a push waits for another delivery of its feed
	RetryAfter   time.Duration // until the next pull after a failed one; doubles with each failure, up to the interval
	Lease        time.Duration // of a feed to a process; renewed three times as often
	Look         time.Duration // between looks at what is due
	// AllowPrivate lets pulls reach addresses of private networks: for tests, the demo and partners inside.
	AllowPrivate bool
	Redirects    int // followed at most
	// Share is how much of its time this process works on deliveries of updates, above 0 and at most 1: they are applied one
	// after the other, in parts, with rests between them, so that live calls come first however many partners come at once.
	Share float64
}

// DefaultSettings are used where a deployment says nothing.
func DefaultSettings() Settings {
	return Settings{
		AtOnce: 8, PushAtOnce: 16, MaxBody: 256 << 20, MaxKept: 2 << 30, KeepRuns: 500,
		Tries: 3, FirstWait: 2 * time.Second, PullTime: 5 * time.Minute, SilentTime: 30 * time.Second, ApplyTime: 15 * time.Minute,
		BreakerAfter: 6, BreakerRest: 5 * time.Minute, PushWait: 10 * time.Second, RetryAfter: time.Minute, Lease: time.Minute, Look: time.Second,
		Redirects: 5, Share: 0.25,
	}
}

func (s *Settings) check() error {
	if s.AtOnce < 1 || s.PushAtOnce < 1 || s.MaxBody < 1 || s.MaxKept < 0 || s.KeepRuns < 1 || s.Tries < 1 || s.BreakerAfter < 1 || s.Redirects < 0 {
		return errors.New("a bound of the feeds is below one")
	}
	if s.FirstWait <= 0 || s.PullTime <= 0 || s.SilentTime <= 0 || s.ApplyTime <= 0 || s.BreakerRest <= 0 || s.PushWait <= 0 || s.RetryAfter <= 0 ||
		s.Lease < 3*time.Second || s.Look <= 0 {
		return errors.New("a time of the feeds is not above zero, or the lease is below three seconds")
	}
	if !(s.Share > 0 && s.Share <= 1) {
		return errors.New("the share of the time for updates is not above 0 and at most 1")
	}
	return nil
}
