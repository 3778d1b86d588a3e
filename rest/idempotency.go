package rest

import (
	"crypto/sha256"
	"encoding/binary"

	"holdfast/reservation"
	"holdfast/rest/problem"
)

// NeedsKey is the header of a call that creates or charges. The key is asked for by key, not by huma, so that its
// absence has a code of its own.
type NeedsKey struct {
	IdempotencyKey string `header:"Idempotency-Key" example:"5f0c1c1e-8f0a-4f9e-9d6f-0b8c2f1d7a11" doc:"Needed: a fresh random text of 1 to 255 visible ASCII characters for each intent, the same when the call is repeated."`
}

// TakesKey is the header of a call that may be given a key.
type TakesKey struct {
	IdempotencyKey string `header:"Idempotency-Key" example:"9b0c1c1e-8f0a-4f9e-9d6f-0b8c2f1d7a12" doc:"May be given: the same key with the same body has no second effect and gets the same answer."`
}

// maxKey bounds an idempotency key.
const maxKey = 255

// key is the identity of a call that may be repeated: who, what and which key; and a hash of what was sent with it. The
// parts are hashed with their lengths before them, so that no two different calls look alike.
func (c *call) key(text string, rule keyRule) (reservation.Idempotency, error) {
	values := c.request.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		if rule == keyRequired {
			return reservation.Idempotency{}, problem.New("idempotency_key_required", "").
				At("Idempotency-Key", "idempotency_key_required", "Send this header.")
		}
		return reservation.Idempotency{}, nil
	}
	if len(values) > 1 || len(text) < 1 || len(text) > maxKey || !visible(text) {
		return reservation.Idempotency{}, problem.New("idempotency_key_malformed", "").
			At("Idempotency-Key", "idempotency_key_malformed", "Send 1 to 255 visible ASCII characters, once.")
	}
	h := sha256.New()
	var size [8]byte
	for _, part := range []string{c.who.Subject, c.request.Method, c.request.URL.EscapedPath(), text} {
		binary.BigEndian.PutUint64(size[:], uint64(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	var k reservation.Idempotency
	copy(k.ID[:], h.Sum(nil))
	body := sha256.Sum256(c.raw)
	copy(k.Request[:], body[:])
	return k, nil
}

func visible(s string) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// replayed is the header that marks a stored answer.
func replayed(a reservation.Answer) string {
	if a.Replayed {
		return "true"
	}
	return ""
}
