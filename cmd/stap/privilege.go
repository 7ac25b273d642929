package main

import (
	"os"
	"os/user"
	"slices"
	"strconv"
)

// impliedPrivilege is --privilege of a user who did not say it and whose module
// will be run at once: what staprun would not load for the user is refused while
// there is a place in the script to show. "" is no restriction, for root, for
// stapdev, and for those in no group, of whom staprun has its own to say.
func impliedPrivilege(uid int, member func(group string) bool) string {
	if uid == 0 || member("stapdev") {
		return ""
	}
	for _, group := range []string{"stapsys", "stapusr"} {
		if member(group) {
			return group
		}
	}
	return ""
}

// inGroup says whether this process is a member of a group.
func inGroup(name string) bool {
	group, err := user.LookupGroup(name)
	if err != nil {
		return false // there is no such group here
	}
	id, err := strconv.Atoi(group.Gid)
	if err != nil {
		return false
	}
	members, err := os.Getgroups()
	return err == nil && (slices.Contains(members, id) || os.Getegid() == id)
}
