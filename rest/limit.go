package rest

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"holdfast/rest/problem"
)

// limiter counts calls per subject in token buckets, for a bounded number of subjects.
type limiter struct {
	limit  rate.Limit
	burst  int
	policy []string

	mu    sync.Mutex
	most  int
	users map[string]*rate.Limiter
}

func newLimiter(l Limits) *limiter {
	window := max(1, int(math.Ceil(float64(l.Burst)/l.Rate)))
	return &limiter{
		limit: rate.Limit(l.Rate), burst: l.Burst, most: l.Subjects, users: map[string]*rate.Limiter{},
		policy: []string{fmt.Sprintf(`"default";q=%d;w=%d`, l.Burst, window)},
	}
}

// admit takes one call from the subject's bucket and tells it in the headers how much is left, in the syntax of
// draft-ietf-httpapi-ratelimit-headers: r calls at once, and a full bucket again after t seconds.
func (l *limiter) admit(subject string, h http.Header, now time.Time) *problem.Problem {
	u := l.user(subject, now)
	ok := u.AllowN(now, 1)
	left := u.TokensAt(now)
	full := int(math.Ceil((float64(l.burst) - left) / float64(l.limit)))
	text := append(make([]byte, 0, 64), `"default";r=`...)
	text = strconv.AppendInt(text, int64(max(0, left)), 10)
	text = append(text, ";t="...)
	text = strconv.AppendInt(text, int64(full), 10)
	h["Ratelimit-Policy"], h["Ratelimit"] = l.policy, []string{string(text)} // as http.Header spells them
	if ok {
		return nil
	}
	wait := int(math.Ceil((1 - left) / float64(l.limit)))
	return problem.New("rate_limited", "").SetHeader("Retry-After", strconv.Itoa(max(1, wait)))
}

func (l *limiter) user(subject string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	u, ok := l.users[subject]
	if !ok {
		if len(l.users) >= l.most {
			l.makeRoom(now)
		}
		u = rate.NewLimiter(l.limit, l.burst)
		l.users[subject] = u
	}
	return u
}

// makeRoom forgets subjects whose bucket is full again, which loses nothing; if there are none, some of the others: with
// that many busy subjects an exact count per subject is not what protects the system.
func (l *limiter) makeRoom(now time.Time) {
	for k, u := range l.users {
		if u.TokensAt(now) >= float64(l.burst) {
			delete(l.users, k)
		}
	}
	for k := range l.users {
		if len(l.users) <= l.most*3/4 {
			break
		}
		delete(l.users, k)
	}
}
