// Pairs of hyperedges that share members, co-members and components, over incidences both ways.
//
// line_graph share-1|share-2|share-3|co-members|components FILE RUNS

#include "csr.h"

#include <algorithm>
#include <cinttypes>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

struct csr members, teams;

using Rows = std::vector<std::vector<std::uint64_t>>;

// Pairs of teams with at least so many members in common: a count for each later team that is met.
Rows sharing(std::uint32_t least) {
    std::vector<std::uint32_t> shared(members.nodes, 0), met;
    std::uint64_t count = 0;
    for (std::uint32_t team = 0; team < members.nodes; team++) {
        met.clear();
        for (auto i = members.starts[team]; i < members.starts[team + 1]; i++) {
            const auto item = members.targets[i];
            auto *end = teams.targets + teams.starts[item + 1];
            // Rows are sorted: the teams behind this one are those not yet paired with it.
            for (auto *other = std::upper_bound(teams.targets + teams.starts[item], end, team); other != end;
                 other++)
                if (shared[*other]++ == 0) met.push_back(*other);
        }
        for (const auto other : met) {
            count += shared[other] >= least;
            shared[other] = 0;
        }
    }
    return {{count}};
}

Rows co_members() {
    std::uint64_t count = 0;
    for (std::uint32_t team = 0; team < members.nodes; team++) {
        const auto size = members.starts[team + 1] - members.starts[team];
        count += size * (size - (size > 0));
    }
    return {{count}};
}

// The number of components and the items of the largest, by union and find over items.
Rows components() {
    std::vector<std::uint32_t> parents(teams.nodes);
    std::iota(parents.begin(), parents.end(), 0);
    const auto root = [&](std::uint32_t item) {
        while (parents[item] != item) item = parents[item] = parents[parents[item]];
        return item;
    };
    for (std::uint32_t team = 0; team < members.nodes; team++)
        for (auto i = members.starts[team]; i + 1 < members.starts[team + 1]; i++) {
            auto one = root(members.targets[i]), other = root(members.targets[i + 1]);
            if (one != other) parents[std::max(one, other)] = std::min(one, other);
        }
    std::vector<std::uint64_t> sizes(teams.nodes, 0);
    for (std::uint32_t item = 0; item < teams.nodes; item++) sizes[root(item)]++;
    const auto count = std::count_if(sizes.begin(), sizes.end(), [](auto size) { return size > 0; });
    return {{static_cast<std::uint64_t>(count), *std::max_element(sizes.begin(), sizes.end())}};
}

Rows answer(const std::string &task) {
    if (task == "components") return components();
    return task == "co-members" ? co_members() : sharing(static_cast<std::uint32_t>(task.back() - '0'));
}

}  // namespace

int main(int count, char **arguments) {
    if (count != 4) return 2;
    const auto pairs = read_pairs(arguments[2]);
    members = rows_of(pairs, 0, pairs.rows);
    teams = rows_of(pairs, 1, pairs.columns);
    Rows found;
    std::printf("{\"milliseconds\": [");
    for (int run = 0; run < std::atoi(arguments[3]); run++) {
        const double begun = milliseconds();
        found = answer(arguments[1]);
        std::printf("%s%.3f", run == 0 ? "" : ", ", milliseconds() - begun);
    }
    std::printf("], \"answer\": [[");
    for (std::size_t i = 0; i < found[0].size(); i++) std::printf("%s%" PRIu64, i == 0 ? "" : ", ", found[0][i]);
    std::printf("]]}\n");
    return 0;
}
