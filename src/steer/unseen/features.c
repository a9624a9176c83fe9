/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the driver of an interface does by itself: features that `ethtool -k` lists, by the names
 * that the kernel has for them (ioctl SIOCETHTOOL: strings of ETH_SS_FEATURES, and a bit for each).
 */
#include "steer/unseen/parts.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

#define FEATURES_MAX 512 /* the kernel has some 60 */

static bool ask(int fd, const char *interface, void *command)
{
	struct ifreq request = {0};

	strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
	request.ifr_data = command;
	return ioctl(fd, SIOCETHTOOL, &request) == 0;
}

static uint32_t count_features(int fd, const char *interface)
{
	struct ethtool_sset_info *command;
	uint32_t count = 0;

	command = calloc(1, sizeof(*command) + sizeof(command->data[0]));
	if (!command)
		return 0;
	command->cmd = ETHTOOL_GSSET_INFO;
	command->sset_mask = 1ULL << ETH_SS_FEATURES;
	if (ask(fd, interface, command) && command->sset_mask)
		count = command->data[0];
	free(command);
	return count > FEATURES_MAX ? 0 : count;
}

/* Its position among the features, or `count`. */
static uint32_t find_feature(int fd, const char *interface, uint32_t count, const char *feature)
{
	struct ethtool_gstrings *strings;
	uint32_t at = count;

	strings = calloc(1, sizeof(*strings) + (size_t)count * ETH_GSTRING_LEN);
	if (!strings)
		return count;
	strings->cmd = ETHTOOL_GSTRINGS;
	strings->string_set = ETH_SS_FEATURES;
	strings->len = count;
	if (ask(fd, interface, strings))
		for (uint32_t i = 0; i < count && at == count; i++)
			if (strncmp((const char *)strings->data + (size_t)i * ETH_GSTRING_LEN,
				    feature, ETH_GSTRING_LEN) == 0)
				at = i;
	free(strings);
	return at;
}

static bool is_active(int fd, const char *interface, uint32_t count, uint32_t at)
{
	struct ethtool_gfeatures *features;
	uint32_t blocks = (count + 31) / 32;
	bool active;

	features = calloc(1, sizeof(*features) + blocks * sizeof(features->features[0]));
	if (!features)
		return false;
	features->cmd = ETHTOOL_GFEATURES;
	features->size = blocks;
	active = ask(fd, interface, features) && features->features[at / 32].active & 1U << at % 32;
	free(features);
	return active;
}

bool feature_is_on(const char *interface, const char *feature)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint32_t count, at;
	bool on = false;

	if (fd < 0)
		return false;
	count = count_features(fd, interface);
	at = find_feature(fd, interface, count, feature);
	if (at < count)
		on = is_active(fd, interface, count, at);
	close(fd);
	return on;
}
