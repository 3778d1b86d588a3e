package rest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2/validation"

	"holdfast/rest/problem"
)

// TestEveryMessageIsRead: each message huma can give about our schemas has a code of its own; a new version of huma that
// words one differently is seen here.
func TestEveryMessageIsRead(t *testing.T) {
	for message, want := range map[string]string{
		validation.MsgUnexpectedProperty:                                          "unknown_field",
		fmt.Sprintf(validation.MsgExpectedRequiredProperty, "name"):               "required",
		"required query parameter is missing":                                     "required",
		"unknown query parameter":                                                 "unknown_parameter",
		validation.MsgExpectedRFC3339DateTime:                                     "wrong_format",
		validation.MsgExpectedRFC3339Date:                                         "wrong_format",
		fmt.Sprintf(validation.MsgExpectedRFC5322Email, "mail: no angle-addr"):    "wrong_format",
		validation.MsgExpectedRFC5322EmailBare:                                    "wrong_format",
		fmt.Sprintf(validation.MsgExpectedBePattern, "an htl_ id"):                "wrong_format",
		fmt.Sprintf(validation.MsgExpectedMatchPattern, "^a$"):                    "wrong_format",
		fmt.Sprintf(validation.MsgExpectedNumberBeMultipleOf, 0.01):               "wrong_format",
		validation.MsgExpectedBoolean:                                             "wrong_type",
		validation.MsgExpectedNumber:                                              "wrong_type",
		validation.MsgExpectedInteger:                                             "wrong_type",
		validation.MsgExpectedString:                                              "wrong_type",
		validation.MsgExpectedArray:                                               "wrong_type",
		validation.MsgExpectedObject:                                              "wrong_type",
		validation.MsgExpectedMatchExactlyOneSchema:                               "wrong_type",
		fmt.Sprintf(validation.MsgExpectedMinimumNumber, 1):                       "too_small",
		fmt.Sprintf(validation.MsgExpectedExclusiveMinimumNumber, 0):              "too_small",
		fmt.Sprintf(validation.MsgExpectedMaximumNumber, 9):                       "too_large",
		fmt.Sprintf(validation.MsgExpectedMinLength, 1):                           "too_short",
		fmt.Sprintf(validation.MsgExpectedMaxLength, 9):                           "too_long",
		fmt.Sprintf(validation.MsgExpectedMinItems, 1):                            "too_short",
		fmt.Sprintf(validation.MsgExpectedMaxItems, 9):                            "too_long",
		validation.MsgExpectedArrayItemsUnique:                                    "repeated",
		fmt.Sprintf(validation.MsgExpectedOneOf, strings.Join([]string{"a"}, "")): "not_a_choice",
	} {
		code, text, _ := reading(message)
		if code != want {
			t.Errorf("%q is read as %s, want %s", message, code, want)
		}
		if strings.Contains(text, "%") || strings.HasPrefix(text, "expected") {
			t.Errorf("%q is shown as %q", message, text)
		}
		if _, ok := problem.Find(code); !ok {
			t.Errorf("%s is not in the table", code)
		}
	}
	if _, _, missing := reading(fmt.Sprintf(validation.MsgExpectedRequiredProperty, "name")); missing != "name" {
		t.Errorf("the missing field is %q", missing)
	}
	if got := pointerOf("body.items[0].children_ages[2]"); got != "/items/0/children_ages/2" {
		t.Errorf("pointer %q", got)
	}
}

// TestLimiterIsBounded: however many callers there are, only so many are remembered; those who have been idle are
// forgotten first, so that a busy one does not get a fresh bucket by it.
func TestLimiterIsBounded(t *testing.T) {
	l := newLimiter(Limits{Rate: 1, Burst: 2, Subjects: 8})
	now, admitted, header := time.Unix(0, 0), 0, map[string][]string{}
	for i := range 1000 {
		now = now.Add(300 * time.Millisecond)
		if p := l.admit(fmt.Sprint("once ", i), header, now); p != nil {
			t.Fatal("a first call was refused")
		}
		if l.admit("busy", header, now) == nil {
			admitted++
		}
		if len(l.users) > 8 {
			t.Fatalf("%d subjects are remembered", len(l.users))
		}
	}
	if admitted > 302 {
		t.Errorf("the busy caller made %d calls in 300 seconds, with one a second and two at once allowed", admitted)
	}
}
