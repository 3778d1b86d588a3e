package rest

import (
	"strconv"
	"strings"

	"holdfast/hotel"
	"holdfast/rest/problem"
)

// IfMatch is the header of a conditional change.
type IfMatch struct {
	IfMatch string `header:"If-Match" maxLength:"200" example:"\"7\"" doc:"The ETag you read; if it is not the current one any more, nothing is changed and the answer is 412."`
}

// IfNoneMatch is the header of a conditional read.
type IfNoneMatch struct {
	IfNoneMatch string `header:"If-None-Match" maxLength:"400" example:"\"6\"" doc:"The ETag of what you have; if it is still current, the answer is 304 without a body."`
}

// views of a hotel: its staff see more than others, under the same address.
const (
	staffView  = ""
	publicView = "-public"
)

// etag names one version of one view.
func etag(version int64, view string) string {
	return `"` + strconv.FormatInt(version, 10) + view + `"`
}

// revision is the version that If-Match wants. Several tags are allowed; the current one among them counts. A weak tag,
// and one that we cannot have given, match nothing.
func (h IfMatch) revision(current int64) (int64, error) {
	text := strings.TrimSpace(h.IfMatch)
	if text == "" || text == "*" {
		return hotel.AnyRevision, nil
	}
	wanted := int64(-1)
	for tag := range strings.SplitSeq(text, ",") {
		tag = strings.TrimSpace(tag)
		weak := strings.HasPrefix(tag, "W/")
		if body := strings.TrimPrefix(tag, "W/"); len(body) < 2 || body[0] != '"' || body[len(body)-1] != '"' {
			return 0, problem.New("header_malformed", "If-Match holds no entity tag: it is the ETag of an answer, with its quotes.").
				At("If-Match", "header_malformed", "Expected an ETag in quotes.")
		}
		if weak {
			continue
		}
		number, _, _ := strings.Cut(strings.Trim(tag, `"`), "-") // behind it: which view of that version
		n, err := strconv.ParseInt(number, 10, 64)
		if err == nil && n > 0 && (wanted < 0 || n == current) {
			wanted = n
		}
	}
	if wanted < 0 {
		return 0, problem.New("changed_meanwhile", "")
	}
	return wanted, nil
}

// fresh reports whether the caller has this version already (RFC 9110, section 13.1.2: weak comparison).
func (h IfNoneMatch) fresh(tag string) bool {
	if h.IfNoneMatch == "" {
		return false
	}
	for have := range strings.SplitSeq(h.IfNoneMatch, ",") {
		have = strings.TrimSpace(have)
		if have == "*" || strings.TrimPrefix(have, "W/") == tag {
			return true
		}
	}
	return false
}
